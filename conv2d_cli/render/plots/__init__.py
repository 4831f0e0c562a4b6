"""Plots as files: one figure by Matplotlib, the same for SVG, PNG and the page around it."""
