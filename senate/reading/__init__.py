"""What rows say: transcript, verdict, lists, text for people. Reads, never writes."""
