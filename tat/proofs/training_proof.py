"""Phase 1, architect: the model, its gradients, its training and its checkpoints."""

import tempfile
from pathlib import Path

from tat.checkpoint import load, save
from tat.checks.finite_differences import check_gradients
from tat.checks.validator import check_presets, check_resuming
from tat.config import Config
from tat.errors import TatError
from tat.model.transformer import Transformer
from tat.proofs.phase_run import Context, Findings
from tat.proofs.trained_model import train
from tat.reports.metrics_agent import MetricsAgent, RunSummary


def run(context: Context, findings: Findings) -> None:
    """Build and check the model, train it on the cookbook and prove its checkpoint."""
    findings.check("configuration", check_presets)
    findings.check("model", lambda: check_model(context.config))
    findings.check("gradients, float64", check_gradients)
    findings.check("resuming", lambda: check_resuming("cpu"))
    folder = context.folder("architect")
    checkpoint = train(context.config, folder, resume=context.resuming, quiet=context.quiet)
    findings.outputs.append(checkpoint)
    course = MetricsAgent(folder).summary()
    share = context.config.phases.loss_share
    findings.check("training", lambda: check_course(course, share))
    findings.check("checkpoint", lambda: check_checkpoint(checkpoint))
    findings.note("loss, first step", course.first_loss, "nats/token")
    findings.note("loss, last steps", course.last_loss, "nats/token")
    findings.note("training", course.tokens_per_s, "tokens/s")


def check_model(config: Config) -> str:
    """The configured model can be traced."""
    parameters = Transformer(config.model, config.data.vocabulary).parameters
    return f"{parameters.count / 1e6:.2f} M weights in {len(parameters.tensors)} tensors"


def check_course(course: RunSummary, share: float) -> str:
    """The loss fell below this share of its first value."""
    first, last = course.first_loss, course.last_loss
    course_words = f"from {first:.3f} to {last:.3f} nats a token in {course.steps} steps"
    if not last < share * first:
        raise TatError(f"the loss did not fall below {share} of the first: it went {course_words}")
    return f"the loss fell {course_words}"


def check_checkpoint(path: Path) -> str:
    """A checkpoint that is loaded and saved again has the same bytes."""
    with tempfile.TemporaryDirectory(prefix="tat-architect-") as folder:
        copy = Path(folder) / path.name
        save(copy, load(path))
        if copy.read_bytes() != path.read_bytes():
            raise TatError(f"{path}: loaded and saved again it has other bytes")
    return f"{path.stat().st_size / 1e6:.1f} MB come back byte for byte"
