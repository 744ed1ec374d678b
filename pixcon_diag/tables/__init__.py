"""Tables described once, and rendered as text, HTML, CSV, Markdown and LaTeX."""
