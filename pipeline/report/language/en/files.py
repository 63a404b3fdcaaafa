"""What the chapters on the files and on what was not measured say."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class Files(Words):
    """Stages and artifacts."""

    title = "Files"
    paragraph = "Paths are relative to the output folder of the run. All figures above come from these files."
    stages = "Stages"
    stages_columns = ("Stage", "Status", "Started (UTC)", "Seconds")
    outcomes: Mapping[str, str] = {
        "passed": "passed",
        "gate failed": "gate failed",
        "gate not passed": "gate not passed",
    }
    """By what the record has of a stage that ended."""
    artifacts = "Artifacts"
    artifacts_columns = ("Stage", "Name", "Path")
    sums = "SHA-256 of every file of the results"
    sums_columns = ("Path", "SHA-256")
    sums_note = "`awqctl verify` on the output folder reads all of them again and names what is not as it was written."
    all = "all"
    record = "record"


class NotMeasured(Words):
    """The frame of the limits; each chapter has its own."""

    title = "Limits: what was not measured"
    paragraph = "No figure in this report answers the following."
