# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what a run costs beside its alternatives: `make bench`, docs/performance.md."""
