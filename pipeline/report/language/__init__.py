"""What the report says, one package per language.

A language is a `Language`: one object per chapter. English is the contract: another language subclasses the English
classes, so that a type checker compares every sentence's figures, and a sentence that it lacks is said in English.
"""
