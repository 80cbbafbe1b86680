# SPDX-License-Identifier: GPL-3.0-or-later
"""GraphQL names, features and model families of GitLab by release.

Read in GitLab's sources and its GraphQL reference: exact for 17.9, 17.10, 18.0 and 18.9, from merge
requests and migrations for the releases between. 18.11 and 19.4 answered so when their own code
was run; 19.0, 19.1, 19.3 and 19.5 were read (19.5 without families and states).
Written independently of `sandbox/schema/`, so that each can be checked against the other.

Names are an owner and its members with their types; an enum has values. `name(argument)` is an
argument of a root field. `-` marks what a release removes.
"""

from __future__ import annotations

BASE = """
AiAcceptedSelfHostedModels: CLAUDE_3, CODEGEMMA, CODELLAMA, CODESTRAL, DEEPSEEKCODER, GPT, LLAMA3,
  MISTRAL, MIXTRAL
AiFeatureProviders: DISABLED, SELF_HOSTED, VENDORED
AiFeatures: CODE_COMPLETIONS, CODE_GENERATIONS, DUO_CHAT, DUO_CHAT_EXPLAIN_CODE,
  DUO_CHAT_FIX_CODE, DUO_CHAT_REFACTOR_CODE, DUO_CHAT_WRITE_TESTS
AiSelfHostedModelReleaseState: BETA, EXPERIMENTAL, GA
GitlabSubscriptionsAddOnType: CODE_SUGGESTIONS, DUO_AMAZON_Q, DUO_ENTERPRISE
AccessLevelEnum: ADMIN, DEVELOPER, GUEST, MAINTAINER, MINIMAL_ACCESS, NO_ACCESS, OWNER, PLANNER,
  REPORTER
AiFeatureSetting: compatibleLlms [String!], feature String!, mainFeature String, provider String!,
  releaseState String, selfHostedModel AiSelfHostedModel, title String, validModels
  AiSelfHostedModelConnection!
AiSelfHostedModel: apiToken String, createdAt Time!, endpoint String!, featureSettings
  AiFeatureSettingConnection, hasApiToken Boolean!, id AiSelfHostedModelID!, identifier String,
  model String!, modelDisplayName String!, name String!, releaseState
  AiSelfHostedModelReleaseState!, updatedAt Time
DuoSettings: aiGatewayUrl String, updatedAt Time!
CurrentLicense: activatedAt Date, billableUsersCount Int, blockChangesAt Date, company String,
  createdAt Date, email String, expiresAt Date, id ID!, lastSync Time, maximumUserCount Int, name
  String, plan String!, startsAt Date, trial Boolean, type String!, usersInLicenseCount Int,
  usersOverLicenseCount Int
Metadata: enterprise Boolean!, kas Kas!, revision String!, version String!, featureFlags
  [GitlabInstanceFeatureFlag!]!
CloudConnectorStatus: probeResults [CloudConnectorProbeResult!], success Boolean
CloudConnectorProbeResult: details JSON, errors [String!], message String, name String, success
  Boolean
AddOnPurchase: assignedQuantity Int!, id GitlabSubscriptionsAddOnPurchaseID!, name String!,
  purchasedQuantity Int!
AddOnUser: addOnAssignments UserAddOnAssignmentConnection, id UserID!, name String!,
  username String!
UserAddOnAssignment: addOnPurchase AddOnPurchase!
UserAddOnAssignmentBulkCreateInput: addOnPurchaseId GitlabSubscriptionsAddOnPurchaseID!,
  clientMutationId String, userIds [UserID!]!
UserAddOnAssignmentBulkRemoveInput: addOnPurchaseId GitlabSubscriptionsAddOnPurchaseID!,
  clientMutationId String, userIds [UserID!]!
UserAddOnAssignmentBulkCreatePayload: addOnPurchase AddOnPurchase, clientMutationId String, errors
  [String!]!, users AddOnUserConnection
UserAddOnAssignmentBulkRemovePayload: addOnPurchase AddOnPurchase, clientMutationId String, errors
  [String!]!, users AddOnUserConnection
AiFeatureSettingUpdateInput: aiSelfHostedModelId AiSelfHostedModelID, clientMutationId String,
  feature AiFeatures!, provider AiFeatureProviders!
AiSelfHostedModelCreateInput: apiToken String, clientMutationId String, endpoint String!,
  identifier String, model AiAcceptedSelfHostedModels!, name String!
AiSelfHostedModelUpdateInput: apiToken String, clientMutationId String, endpoint String!, id
  AiSelfHostedModelID!, identifier String, model AiAcceptedSelfHostedModels!, name String!
AiSelfHostedModelDeleteInput: clientMutationId String, id AiSelfHostedModelID!
AiSelfHostedModelConnectionCheckInput: apiToken String, clientMutationId String, endpoint String!,
  identifier String, model AiAcceptedSelfHostedModels!, name String!
DuoSettingsUpdateInput: aiGatewayUrl String, clientMutationId String
GitlabSubscriptionActivateInput: activationCode String!, clientMutationId String
Query: aiFeatureSettings AiFeatureSettingConnection, aiFeatureSettings(selfHostedModelId)
  AiSelfHostedModelID, aiFeatureSettings(after) String, aiFeatureSettings(before) String,
  aiFeatureSettings(first) Int, aiFeatureSettings(last) Int, aiSelfHostedModels
  AiSelfHostedModelConnection, aiSelfHostedModels(id) AiSelfHostedModelID,
  aiSelfHostedModels(after) String, aiSelfHostedModels(before) String, aiSelfHostedModels(first)
  Int, aiSelfHostedModels(last) Int, duoSettings DuoSettings, cloudConnectorStatus
  CloudConnectorStatus, currentLicense CurrentLicense, addOnPurchases [AddOnPurchase!],
  addOnPurchases(namespaceId) NamespaceID, metadata Metadata,
  selfManagedAddOnEligibleUsers AddOnUserConnection, selfManagedAddOnEligibleUsers(addOnType)
  GitlabSubscriptionsAddOnType!, selfManagedAddOnEligibleUsers(search) String,
  selfManagedAddOnEligibleUsers(after) String, selfManagedAddOnEligibleUsers(before) String,
  selfManagedAddOnEligibleUsers(first) Int, selfManagedAddOnEligibleUsers(last) Int
Mutation: aiFeatureSettingUpdate(input) AiFeatureSettingUpdateInput!,
  aiSelfHostedModelCreate(input) AiSelfHostedModelCreateInput!, aiSelfHostedModelUpdate(input)
  AiSelfHostedModelUpdateInput!, aiSelfHostedModelDelete(input) AiSelfHostedModelDeleteInput!,
  aiSelfHostedModelConnectionCheck(input) AiSelfHostedModelConnectionCheckInput!,
  duoSettingsUpdate(input) DuoSettingsUpdateInput!, gitlabSubscriptionActivate(input)
  GitlabSubscriptionActivateInput!, userAddOnAssignmentBulkCreate(input)
  UserAddOnAssignmentBulkCreateInput!, userAddOnAssignmentBulkRemove(input)
  UserAddOnAssignmentBulkRemoveInput!
AiFeatureSettingUpdatePayload: aiFeatureSetting AiFeatureSetting, clientMutationId String, errors
  [String!]!
AiSelfHostedModelCreatePayload: clientMutationId String, errors [String!]!, selfHostedModel
  AiSelfHostedModel
AiSelfHostedModelUpdatePayload: clientMutationId String, errors [String!]!, selfHostedModel
  AiSelfHostedModel
AiSelfHostedModelDeletePayload: clientMutationId String, errors [String!]!
AiSelfHostedModelConnectionCheckPayload: clientMutationId String, errors [String!]!, result
  CloudConnectorProbeResult
DuoSettingsUpdatePayload: aiGatewayUrl String, clientMutationId String, errors [String!]!
GitlabSubscriptionActivatePayload: clientMutationId String, errors [String!]!, futureSubscriptions
  [SubscriptionFutureEntry!], license CurrentLicense
"""

CHANGES = {
    "17.10": """
AiFeatures: DUO_CHAT_TROUBLESHOOT_JOB
Query: selfManagedAddOnEligibleUsers(addOnPurchaseIds) [GitlabSubscriptionsAddOnPurchaseID!]!
""",
    "17.11": """
AiFeatureSettingUpdateInput: features [AiFeatures!]!
AiFeatureSettingUpdatePayload: aiFeatureSettings [AiFeatureSetting!]!
- AiFeatureSettingUpdateInput: feature
- AiFeatureSettingUpdatePayload: aiFeatureSetting
""",
    "18.0": """
AiFeatures: DUO_CHAT_EXPLAIN_VULNERABILITY, DUO_CHAT_SUMMARIZE_COMMENTS,
  GENERATE_COMMIT_MESSAGE, GLAB_ASK_GIT_COMMAND, RESOLVE_VULNERABILITY,
  SUMMARIZE_NEW_MERGE_REQUEST, SUMMARIZE_REVIEW
GitlabSubscriptionsAddOnType: DUO_CORE
DuoSettings: duoCoreFeaturesEnabled Boolean
DuoSettingsUpdateInput: duoCoreFeaturesEnabled Boolean
DuoSettingsUpdatePayload: duoCoreFeaturesEnabled Boolean
""",
    "18.3": """
AiAcceptedSelfHostedModels: GENERAL
AiFeatures: REVIEW_MERGE_REQUEST
DuoSettingsUpdatePayload: duoSettings DuoSettings!
- DuoSettingsUpdatePayload: aiGatewayUrl, duoCoreFeaturesEnabled
""",
    "18.4": """
AiFeatureProviders: UNASSIGNED
AiFeatures: DUO_AGENT_PLATFORM
AiFeatureSetting: gitlabModel AiModelSelectionOfferedModel, defaultGitlabModel
  AiModelSelectionOfferedModel, validGitlabModels AiModelSelectionOfferedModelConnection!
DuoSettings: duoAgentPlatformServiceUrl String
AiModelSelectionOfferedModel: name String!, ref String!
AiFeatureSettingUpdateInput: offeredModelRef String
DuoSettingsUpdateInput: duoAgentPlatformServiceUrl String
""",
    "18.6": """
DuoSettings: aiGatewayTimeoutSeconds Int
AiModelSelectionOfferedModel: modelProvider String
DuoSettingsUpdateInput: aiGatewayTimeoutSeconds Int
""",
    "18.7": """
AiFeatures: DUO_AGENT_PLATFORM_AGENTIC_CHAT
AiModelSelectionOfferedModel: costIndicator String, modelDescription String
DuoSettings: minimumAccessLevelEnableOnProjects AccessLevelEnum, minimumAccessLevelExecute
  AccessLevelEnum, minimumAccessLevelExecuteAsync AccessLevelEnum, minimumAccessLevelManage
  AccessLevelEnum
DuoSettingsUpdateInput: minimumAccessLevelEnableOnProjects AccessLevelEnum,
  minimumAccessLevelExecute AccessLevelEnum, minimumAccessLevelExecuteAsync AccessLevelEnum,
  minimumAccessLevelManage AccessLevelEnum
""",
    "18.10": """
DuoSettings: selfHostedDuoAgentPlatformServiceSecure Boolean
DuoSettingsUpdateInput: selfHostedDuoAgentPlatformServiceSecure Boolean
""",
    "18.11": """
AiFeatures: SAST_VULNERABILITY_FP_DETECTION, SAST_VULNERABILITY_RESOLUTION,
  SECRET_VULNERABILITY_FP_DETECTION
AiSelfHostedModelProvider: API, BEDROCK, VERTEX_AI
AiSelfHostedModel: provider AiSelfHostedModelProvider!
AiSelfHostedModelCreateInput: provider AiSelfHostedModelProvider
AiSelfHostedModelUpdateInput: provider AiSelfHostedModelProvider
AiSelfHostedModelConnectionCheckInput: provider AiSelfHostedModelProvider
""",
    "19.0": """
AiAcceptedSelfHostedModels: GEMINI
AiSelfHostedModel: endpoint String
AiSelfHostedModelCreateInput: endpoint String, provider AiSelfHostedModelProvider!
AiSelfHostedModelUpdateInput: endpoint String, provider AiSelfHostedModelProvider!
AiSelfHostedModelConnectionCheckInput: endpoint String, provider AiSelfHostedModelProvider!
DuoSettings: duoCliEnabled Boolean, includeRecommendedAllowed Boolean, allowAllUnixSockets Boolean,
  allowProjectExtension Boolean
DuoSettingsUpdateInput: duoCliEnabled Boolean, includeRecommendedAllowed Boolean,
  allowAllUnixSockets Boolean, allowProjectExtension Boolean
""",
    "19.1": """
AiFeatures: REVIEW_MERGE_REQUEST_DAP
AiFeatureSetting: allowList AiModelSelectionAllowList
""",
    "19.3": """
AccessLevelEnum: SECURITY_MANAGER
AiAcceptedSelfHostedModels: EMBEDDING, QWEN
AiFeatures: FEATURE_DISCOVERY_SEARCH, RESOLVE_DEPENDENCY_BUMP, SECURITY_REVIEW
""",
    "19.4": """
AiFeatures: DUO_DEVELOPER
""",
    "19.5": """
AiFeatures: BL_SECURITY, RECOMMEND_REVIEWERS_ASSIGN
AiSelfHostedModel: iamRole String
AiSelfHostedModelCreateInput: iamRole String
AiSelfHostedModelUpdateInput: iamRole String
AiSelfHostedModelConnectionCheckInput: iamRole String
""",
}

# Feature (in GitLab's order), title, main feature, release state, families; B: listed only while
# beta features are on, P: not listed on Premium.
FEATURES = """
code_generations | Code Generation | Code Suggestions | GA | code |
code_completions | Code Completion | Code Suggestions | GA | code |
duo_chat | General Chat | GitLab Duo Chat | GA | chat |
duo_chat_explain_code | Code Explanation | GitLab Duo Chat | GA | sub |
duo_chat_write_tests | Test Generation | GitLab Duo Chat | GA | sub |
duo_chat_refactor_code | Refactor Code | GitLab Duo Chat | GA | sub |
duo_chat_fix_code | Fix Code | GitLab Duo Chat | GA | sub |
review_merge_request | Code Review | GitLab Duo for merge requests | GA | review |
duo_agent_platform | All agents, except Agentic Chat | GitLab Duo Agent Platform | GA | agent |
duo_agent_platform_agentic_chat | Agentic Chat | GitLab Duo Agent Platform | GA | agent |
duo_chat_troubleshoot_job | Root Cause Analysis | GitLab Duo Chat | BETA | beta | B
generate_commit_message | Merge Commit Message Generation | GitLab Duo for merge requests |
  BETA | beta | B
summarize_new_merge_request | Merge Request Summary | GitLab Duo for merge requests | BETA |
  beta | B
duo_chat_explain_vulnerability | Vulnerability Explanation | Other GitLab Duo features | BETA |
  beta | BP
resolve_vulnerability | Vulnerability Resolution | Other GitLab Duo features | BETA | beta | BP
summarize_review | Code Review Summary | GitLab Duo for merge requests | EXPERIMENT | beta | B
glab_ask_git_command | GitLab Duo for CLI | Other GitLab Duo features | BETA | beta | B
duo_chat_summarize_comments | Discussion Summary | GitLab Duo for issues | BETA | beta | B
"""
# What later releases changed and added, in the same form.
FEATURES_SINCE = {
    "18.11": """
sast_vulnerability_fp_detection | SAST Vulnerability False Positive Detection |
  Other GitLab Duo features | BETA | agent | B
secret_vulnerability_fp_detection | Secret Vulnerability False Positive Detection |
  Other GitLab Duo features | BETA | agent | B
sast_vulnerability_resolution | SAST Vulnerability Resolution | Other GitLab Duo features |
  BETA | agent | B
""",
    "19.0": """
duo_agent_platform | Agents & flows | GitLab Duo Agent Platform | GA | agent19 |
duo_agent_platform_agentic_chat | Agentic Chat | GitLab Duo Agent Platform | GA | agent19 |
sast_vulnerability_fp_detection | SAST Vulnerability False Positive Detection |
  GitLab Duo Agent Platform | BETA | agent | B
secret_vulnerability_fp_detection | Secret Vulnerability False Positive Detection |
  GitLab Duo Agent Platform | BETA | agent | B
sast_vulnerability_resolution | SAST Vulnerability Resolution | GitLab Duo Agent Platform |
  BETA | agent | B
""",
    "19.1": """
review_merge_request | Non-Agentic Code Review | GitLab Duo for merge requests | GA | review |
review_merge_request_dap | Agentic Code Review | GitLab Duo Agent Platform | GA | review |
secret_vulnerability_fp_detection | Secret Vulnerability False Positive Detection |
  GitLab Duo Agent Platform | GA | agent |
""",
    "19.3": """
security_review | Security Review | GitLab Duo Agent Platform | BETA | agent | B
feature_discovery_search | Feature Discovery Search | Feature Discovery | EXPERIMENT | search | B
resolve_dependency_bump | Resolve Dependency Bump Breaking Changes | GitLab Duo Agent Platform |
  BETA | agent | B
""",
    "19.4": """
duo_developer | Duo Developer | GitLab Duo Agent Platform | GA | agent19 |
""",
}
COMPATIBLE = {
    "code": "codegemma codellama codestral deepseekcoder mistral mixtral llama3 claude_3 gpt"
    " general",
    "chat": "mistral mixtral codestral claude_3 gpt llama3 general",
    "sub": "mistral mixtral claude_3 gpt codestral llama3 general",
    "review": "claude_3 mistral mixtral gpt llama3 general",
    "beta": "mistral mixtral claude_3 gpt llama3 general",
    "agent": "claude_3 gpt general",
    "agent19": "claude_3 gpt general mistral gemini",
    "search": "gemini",
}
# Last in each list but "agent" and "search", once it is there.
QWEN_SINCE = (19, 3)

# Family, display name (GitLab's own page names none for the newest), release state.
FAMILIES = """
mistral | Mistral | GA
mixtral | Mixtral | GA
codestral | Mistral Codestral | GA
claude_3 | Claude | GA
gpt | GPT | GA
llama3 | Llama 3 | BETA
codegemma | CodeGemma | BETA
codellama | Code Llama | BETA
deepseekcoder | DeepSeek Coder | BETA
general | General | BETA
gemini | | BETA
embedding | | BETA
qwen | | BETA
"""

# The order in which GitLab names the values of an enum in its messages, by release.
ORDER = {
    "18.9": {
        "AiAcceptedSelfHostedModels": "CODEGEMMA CODELLAMA CODESTRAL MISTRAL MIXTRAL DEEPSEEKCODER"
        " LLAMA3 CLAUDE_3 GPT GENERAL",
        "AiFeatureProviders": "DISABLED VENDORED SELF_HOSTED UNASSIGNED",
    },
    "19.4": {
        "AiAcceptedSelfHostedModels": "CODEGEMMA CODELLAMA CODESTRAL MISTRAL MIXTRAL DEEPSEEKCODER"
        " LLAMA3 CLAUDE_3 GPT GEMINI EMBEDDING QWEN GENERAL",
        "AiFeatures": "CODE_GENERATIONS CODE_COMPLETIONS DUO_CHAT DUO_CHAT_EXPLAIN_CODE"
        " DUO_CHAT_WRITE_TESTS DUO_CHAT_REFACTOR_CODE DUO_CHAT_FIX_CODE REVIEW_MERGE_REQUEST"
        " DUO_AGENT_PLATFORM DUO_AGENT_PLATFORM_AGENTIC_CHAT REVIEW_MERGE_REQUEST_DAP"
        " SECRET_VULNERABILITY_FP_DETECTION DUO_DEVELOPER DUO_CHAT_TROUBLESHOOT_JOB"
        " GENERATE_COMMIT_MESSAGE SUMMARIZE_NEW_MERGE_REQUEST DUO_CHAT_EXPLAIN_VULNERABILITY"
        " RESOLVE_VULNERABILITY SUMMARIZE_REVIEW GLAB_ASK_GIT_COMMAND DUO_CHAT_SUMMARIZE_COMMENTS"
        " SAST_VULNERABILITY_FP_DETECTION SAST_VULNERABILITY_RESOLUTION SECURITY_REVIEW"
        " FEATURE_DISCOVERY_SEARCH RESOLVE_DEPENDENCY_BUMP",
    },
}
