"""The sentences that rooms below the report say and that its reader sees: gates, checks, methods, reasons, the card.

They stand here and not beside the report's own because stages keep them in their results. A stage keeps the English
sentence and beside it a `Phrase`, which the report says in its language. Another language subclasses these classes as
it does those of `pipeline.report.language.en`. A sentence that takes other figures than before gets another name:
records keep the name.
"""
