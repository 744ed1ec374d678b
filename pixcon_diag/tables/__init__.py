"""Tables once, for the terminal, CSV, Markdown and LaTeX."""
