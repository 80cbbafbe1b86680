# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts and tokens of every pristine instance. None of them opens anything real."""

from __future__ import annotations

ADMIN = "root"
ADMIN_PASSWORD = "sandbox-Passw0rd-root"
ADMIN_TOKEN = "glpat-sandbox-admin-0001"

SECOND_ADMIN = "second"
SECOND_PASSWORD = "sandbox-Passw0rd-second"
SECOND_TOKEN = "glpat-sandbox-second-0002"

USER = "alice"
USER_PASSWORD = "sandbox-Passw0rd-alice"
USER_TOKEN = "glpat-sandbox-user-0003"

READONLY_TOKEN = "glpat-sandbox-readonly-0004"
EXPIRED_TOKEN = "glpat-sandbox-expired-0005"
REVOKED_TOKEN = "glpat-sandbox-revoked-0006"
ADMIN_MODE_TOKEN = "glpat-sandbox-adminmode-0007"

#: The code that passes two-factor authentication for every seeded 2FA account.
ONE_TIME_CODE = "123456"
