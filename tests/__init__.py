"""The tests. A package of its own, because gpuhunt installs one of the same name: without this file, that one is found."""
