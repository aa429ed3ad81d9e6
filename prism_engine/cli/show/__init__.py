"""Output of commands: tables, scores, reports and live progress."""
