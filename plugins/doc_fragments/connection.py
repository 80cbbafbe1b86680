# Copyright (c) 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that every module has."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection to one GitLab."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of GitLab, with the relative URL root if there is one, without C(/api/v4).
      - A URL with C(http://) causes a warning, unless it leads to the host that runs the task,
        because the token can be read in transit.
      - If not set, the environment variable E(GITLAB_URL) is used.
    type: str
    required: true
  api_token:
    description:
      - Personal access token of an administrator with the scope C(api), or an OAuth token.
      - If not set, the environment variable E(GITLAB_TOKEN) is used.
    type: str
    required: true
  validate_certs:
    description: Whether the certificate of GitLab must be valid.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the CAs that are trusted, for GitLab with a private CA.
      - It takes precedence over E(REQUESTS_CA_BUNDLE). If not set, E(GITLAB_CA_PATH) is used, and
        without that E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE) or the CAs that C(requests) comes
        with.
    type: path
  client_cert:
    description:
      - File with the client certificate in PEM format, if the server in front of GitLab asks for
        one.
    type: path
  client_key:
    description:
      - File with the key of O(client_cert), if that does not contain it. It must not be encrypted.
    type: path
  proxy:
    description:
      - URL of the proxy, with user name and password if it requires them.
      - A proxy with C(https://) needs an O(api_url) with C(https://), because otherwise nobody
        would check its certificate.
      - If not set, E(HTTPS_PROXY), E(HTTP_PROXY) and E(NO_PROXY) are used.
    type: str
  timeout:
    description: Seconds to wait for GitLab's answer to each request.
    type: int
    default: 30
  retries:
    description:
      - How often a request is sent again after a lost connection or the status 429, 502, 503 or
        504. A C(Retry-After) of GitLab is honoured, up to 60 seconds.
      - After a write without a clear answer the state is read first, and the write is only sent
        again if it was not carried out.
    type: int
    default: 3
  settle_timeout:
    description:
      - Seconds for which GitLab may still show the old state after a write before the task fails.
        The state is read again with growing pauses; if the first reading is right, no time is spent
        waiting.
      - Each GitLab process keeps a copy of the licence, and from GitLab 19.2 on of the gateway
        settings, for a minute, which the default outlasts. Raise it if a database replica, a
        secondary site or a proxy lags further behind. V(0) reads once.
    type: int
    default: 70
requirements:
  - requests >= 2.31
  - pydantic >= 2.8
notes:
  - Works with self-managed GitLab Enterprise Edition 17.9 and later, with an Ultimate licence (from
    18.0 also Premium) and the add-on GitLab Duo Enterprise. From 18.9 on, the configuration needs
    no add-on with an online licence; with an offline licence it needs GitLab Duo Enterprise or
    GitLab Duo Agent Platform Self-Hosted.
  - Runs where Python has C(requests) and C(pydantic), usually on the controller
    (C(delegate_to=localhost)).
"""

    SIGN_IN = r"""
options:
  via:
    description:
      - How to do what no token can do. V(session) signs in to the admin pages as a browser would,
        with O(username) and O(password), or with O(session_cookie). V(rails_runner) runs
        C(gitlab-rails runner) where the task runs, on a GitLab node, or O(rails_command), which
        may reach one from the controller. M(gitlab_ops.duo.duo_beta_features) needs no Python
        library on the node, the other modules do.
      - V(auto) uses the session if credentials are given, otherwise the runner if O(rails_command)
        is set.
    type: str
    choices: [auto, session, rails_runner]
    default: auto
  username:
    description:
      - User name of an administrator.
      - With O(via=rails_runner), the administrator who accepts the GitLab Testing Agreement.
    type: str
  password:
    description:
      - Password of O(username). It is sent once for each task, and once more where Admin Mode is
        on. It is never sent again after a refusal.
    type: str
  session_cookie:
    description:
      - Value of the cookie C(_gitlab_session) of a browser in which an administrator is signed in,
        for sites with single sign-on or two-factor authentication. The session is not ended.
    type: str
  rails_command:
    description:
      - Command that runs Ruby code inside GitLab; the code is added as its last argument.
      - If not set, V(gitlab-rails runner). For GitLab in Docker for example
        V([docker, exec, gitlab, gitlab-rails, runner]), in Kubernetes
        V([kubectl, exec, deploy/gitlab-toolbox, --, gitlab-rails, runner]).
    type: list
    elements: str
"""
