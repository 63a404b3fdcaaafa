"""The tests: a package, because gpuhunt installs one of the same name, which is found where this file is missing."""
