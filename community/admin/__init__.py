"""The admin of verifications, reviews and practice buddies."""

from community.admin.buddies import PracticeBuddiesAdmin
from community.admin.reviews import (
    HackVerificationReviewAdmin,
    HackVerificationRoundAdmin,
    ReviewerSignalsAdmin,
    VerificationLeaseAdmin,
)
from community.admin.verifications import HackVerificationAdmin

# Topics of the sidebar, with their models and icons (nrghax/admin_site.py).
TOPICS = {
    "Verification": {
        "community.hackverification": "verified",
        "community.hackverificationreview": "rate_review",
        "community.reviewersignals": "troubleshoot",
        "community.verificationlease": "hourglass_top",
        "community.hackverificationround": "history_edu",
        "community.practicebuddies": "group_add",
    },
}

__all__ = [
    "HackVerificationAdmin",
    "HackVerificationReviewAdmin",
    "HackVerificationRoundAdmin",
    "PracticeBuddiesAdmin",
    "ReviewerSignalsAdmin",
    "VerificationLeaseAdmin",
]
