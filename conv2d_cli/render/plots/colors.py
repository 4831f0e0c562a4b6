"""The colours of a plot; those of words and lines have a counterpart where the reader wants a dark page."""

# Words, lines of the axes, the grid behind points, and the paper.
INK, SOFT, RULE, PAPER = "#1b1f24", "#57606a", "#d8dee4", "#ffffff"
DARK = {INK: "#e6edf3", SOFT: "#9ba5b0", RULE: "#30363d", PAPER: "#0d1117"}
# Points are drawn once: these stand out from both papers, and from one another for the colour-blind
# (https://jfly.uni-koeln.de/color, without the yellow and with darker neighbours).
QUALITATIVE = ("#1a86c4", "#d55e00", "#009e73", "#b46fb0", "#a08000", "#5b6ee1", "#c2255c", "#5c8a8a")
FRONT, ONLY, REST = "#d1345b", "#4a8fc7", "#8b949e"
# Matplotlib's map of numbers, without the ends that one of the papers swallows.
SEQUENTIAL, FIRST_SHADE, LAST_SHADE = "viridis", 0.3, 0.88
MARKERS = "os^Dv<P>Xp"
