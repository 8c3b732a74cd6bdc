"""The wires of GitHub, GitLab and Bitbucket Cloud as their APIs have them, over one state."""
