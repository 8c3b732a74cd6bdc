"""Pages and JSON of sessions: each view reads the request, asks the door once, and answers with one dict."""
