"""Gatepost: a mail house for agents that answers for every message.

Mail *arrives*, is *verified*, is *decided* upon by a declared policy, *recorded* in a log outsiders can check,
*delivered*, may set an agent to *act*, and what the agent says is a *reply*: another arrival at the same gate.
``journey.py`` holds that order on one page; read it first.
"""
