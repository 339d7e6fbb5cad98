"""Distributions made by hand, so that each byte can be what no build backend would write."""
