"""What is in it: text, chunks, findings, proposed labels. Pure and CPU only; model sessions are handed in."""
