"""The report in English, one file per chapter. Figures come in printed."""
