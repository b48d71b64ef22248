"""What staff see of verification, and of buddies."""

from community.admin.buddies import PracticeBuddiesAdmin
from community.admin.reviews import (
    HackVerificationReviewAdmin,
    HackVerificationRoundAdmin,
    ReviewerSignsAdmin,
    VerificationLeaseAdmin,
)
from community.admin.verifications import HackVerificationAdmin

__all__ = [
    "HackVerificationAdmin",
    "HackVerificationReviewAdmin",
    "HackVerificationRoundAdmin",
    "PracticeBuddiesAdmin",
    "ReviewerSignsAdmin",
    "VerificationLeaseAdmin",
]
