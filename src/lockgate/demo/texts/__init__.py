"""The words of the demonstration, one module for each part of the company, all written for it."""
