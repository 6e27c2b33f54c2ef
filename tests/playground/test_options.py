"""What Streamlit is told."""

import socket
import subprocess
import sys

import pytest

pytest.importorskip("streamlit", reason="the extra playground needs Python 3.11")

from shared_router import RouterError
from shared_router.commands.main import main
from shared_router.playground.run import streamlit_options
from shared_router.playground.settings import given_settings


def test_it_reports_to_nobody_and_listens_on_this_machine_alone() -> None:
    options = streamlit_options(1234)
    assert options["browser.gatherUsageStats"] is False
    assert options["server.address"] == "127.0.0.1"
    assert options["server.enableXsrfProtection"] is True
    assert (options["server.port"], options["server.maxUploadSize"]) == (1234, 100)


def test_a_page_without_its_command_says_how_it_is_started() -> None:
    with pytest.raises(RouterError, match="routellm playground"):
        given_settings()


@pytest.mark.parametrize("port", ["0", "65536"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playground", "--port", port]) == 2
    assert "--port must be in 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("absent", ["streamlit", "starlette"])
def test_without_streamlit_the_command_says_how_to_install_it_and_from_which_python_on(absent: str) -> None:
    """Starlette comes with Streamlit and is imported before it."""
    program = (
        f"import sys; sys.modules['{absent}'] = None\n"
        "from shared_router.commands.main import main; sys.exit(main(['playground']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'pip install "routellm-adapters[playground]" with Python 3.11 or newer' in done.stderr


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["playground", "--port", str(port)]) == 2
    assert f"--port must be free, and {port} is taken" in capsys.readouterr().err
