"""`init`: a commented cchc.toml to start from."""

from importlib.resources import files

from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.session import Session
from cchc_connect.messages import Language


def write_configuration(session: Session, *, force: bool) -> ExitCode:
    """Write a commented configuration file in the language of the command.

    Raises:
        CannotCreate: the file already exists, or cannot be written.
    """
    path, screen = session.config, session.screen
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(template(screen.language))
    except FileExistsError:
        raise CannotCreate("cli.file_exists", path=path) from None
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    screen.document({"file": str(path)})
    screen.say("init.written", path=path)
    return ExitCode.DONE


def template(language: Language) -> str:
    """Return the commented configuration file in a language."""
    return files("cchc_connect.cli").joinpath(f"templates/cchc.{language}.toml").read_text(encoding="utf-8")
