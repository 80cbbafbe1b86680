# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in GitLab: a real HTTP server with GitLab's own refusals, for the demo and every test."""
