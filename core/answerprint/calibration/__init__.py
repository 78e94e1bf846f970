"""Calibration: limits of gates, from footage that is known to be clean and footage that is not."""
