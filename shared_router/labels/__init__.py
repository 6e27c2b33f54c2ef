"""Labels made of answers: graders by comparison, a judge between two answers, Hybrid-LLM's soft labels.

A grade says how good an answer is; outcomes hold it (`records`), and routers learn from it. A soft label says
how likely a prompt needs the strong model, as several answers of each model tell.
"""

from shared_router.labels.hybrid import HybridLabels, LabelKind, hybrid_labels
from shared_router.labels.qualities import SampledQualities, sampled_qualities

__all__ = ["HybridLabels", "LabelKind", "SampledQualities", "hybrid_labels", "sampled_qualities"]
