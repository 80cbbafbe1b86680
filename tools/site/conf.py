# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of Sphinx for `make docs`; tools/site/__main__.py lays out what it reads."""

from __future__ import annotations

project = "gitlab_ops.duo"
author = "gitlab_ops.duo contributors"
project_copyright = "2026, gitlab_ops.duo contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx.ext.intersphinx"]
root_doc = "README"
nitpicky = True
# What the reference takes for granted of Ansible's own documentation; see layout.py.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "ansible.inv")}
# Anchors as forges make them, so that links work in both places.
myst_heading_anchors = 3
# Words of Jinja and of consoles are shown as they are, where the highlighter knows them.
highlight_language = "text"
html_theme = "furo"
html_title = "gitlab_ops.duo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
# Pages that are opened from a folder have no server that could tell them their language.
language = "en"
