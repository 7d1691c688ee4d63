"""The demo: the whole play on the embedded chain, and on real nodes with an independent replay."""

from __future__ import annotations

# What must have happened: status, principal, all that the borrower paid, penalty in it, days
# past due at the end, holders of notes. Minor units. Reckoned from the signed schedules.
STORIES = {
    "repaid on time 按时结清": ("repaid", 1_200_000, 1_240_904, 0, 0, 3),
    "late with penalty 逾期罚息": ("repaid", 600_000, 615_999, 925, 0, 3),
    "repaid early in full 提前结清": ("repaid", 900_000, 926_235, 0, 0, 4),
    "repaid early in part 部分提前还款": ("repaid", 1_500_000, 1_534_786, 0, 0, 3),
    "in default, part recovered 违约": ("defaulted", 800_000, 678_453, 25_690, 163, 3),
    "cancelled, refunded 撤销退款": ("cancelled", 400_000, 0, 0, 0, 0),
    "expired, refunded 流标退款": ("cancelled", 5_000_000, 0, 0, 0, 0),
    "at the bank, value dates 银行起息日": ("repaid", 2_000_000, 2_055_000, 0, 0, 3),
    "notes changed hands 债权转让": ("repaid", 1_000_000, 1_038_850, 0, 0, 4),
    "purchase, merchant paid 消费分期": ("repaid", 360_000, 366_480, 0, 0, 2),
    "bank term loan 先息后本": ("repaid", 3_000_000, 3_043_500, 0, 0, 1),
    "cash loan, one row 一次性还本付息": ("repaid", 100_000, 101_500, 0, 0, 2),
    "behind with payments 逾期": ("active", 700_000, 552_936, 0, 17, 2),
    "running to plan 正常还款": ("active", 2_400_000, 566_139, 0, 0, 6),
}
