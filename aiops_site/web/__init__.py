"""What every request passes: bounds of bodies, headers, the three clothes, errors, the frame, static files."""
