# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run costs, beside what people would use instead: `make bench`, docs/performance.md."""
