"""The report in German, one file per chapter, each class a subclass of the English one. Figures come in printed."""
