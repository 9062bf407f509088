"""`metrics`: the figures that a monitoring system reads, in the text format of Prometheus."""

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.config.file import Config
from cchc_connect.quality.metrics import metrics


def show_metrics(command: CommandContext) -> ExitCode:
    """Write the metrics of the shared database: text for Prometheus, or one JSON document.

    Raises:
        NotFound: there is no shared database.
    """
    config, console = Config.load(command.config), command.console
    with open_existing(config.database.url_with_password) as database:
        collected = metrics(database, config)
    samples = [
        {"name": metric.name, "labels": dict(sample.labels), "value": float(sample.value)}
        for metric in collected
        for sample in metric.samples
    ]
    console.document({"metrics": samples})
    for metric in collected:
        for line in metric.lines():
            console.verbatim(line)
    return ExitCode.DONE
