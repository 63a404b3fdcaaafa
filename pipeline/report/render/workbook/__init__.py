"""The parts of the Excel workbook: its sheets, their look, and in `pricing/` those that compute."""
