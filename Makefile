# The front door. Every target works on a fresh Debian 12 with make, python3 and python3-venv; uv is used where found.
.PHONY: help run demo test vectors differential fuzz chromium-views nightly check bench bench-events bench-verify bench-finding bench-injection bench-agents format generated locks
# The pages of docs/ that say what the code says, each written by the tool of its name.
GENERATED = openapi settings_page policy_schema record_page standards
export PYTHON

help:
	@echo "make run    start the house on embedded defaults; Ctrl-C stops it, data stays in ./state"
	@echo "make demo   fifteen mails through a throw-away house, checked from outside"
	@echo "make test   the whole test suite, on all cores; ARGS='tests/mail -k fold' a part, ARGS='-n 0' on one"
	@echo "make nightly  the faults at full length: 200 kills, fifty 25 MB mails at once"
	@echo "make vectors  every public suite below tests/vectors, or of DIR=path"
	@echo "make differential  5,000 mails before us, dkimpy, pyspf and, with MAILAUTH=folder, npm mailauth"
	@echo "make fuzz  ten minutes of broken mails, pages, files, records and DNS answers before whatever reads them"
	@echo "make chromium-views  how Chromium shows the HTML mails of tests/vectors, written down anew"
	@echo "make check  formatting, lint, types, architecture, spelling, locks, generated pages"
	@echo "make generated  write the generated pages of docs/ anew, after a change to routes, settings or the policy's grammar"
	@echo "make bench  measure this machine's house under load"
	@echo "make bench-events  from 250 to the webhook's first octet at 200 mails a second, also beside a dead receiver"
	@echo "make bench-finding  reading and searching a mailbox of 1,000,000 messages; takes some ten minutes"
	@echo "make bench-injection  what the injection evidence finds and misses, on tests/vectors or on DIR=path"
	@echo "make bench-agents  AgentDojo's tasks before the gate of hosted agents, on tests/vectors or on DIR=path; no model"

run:
	@tools/environment.sh run
	@export GATEPOST_TRUST__OPERATOR="$${GATEPOST_TRUST__OPERATOR-examples/operator}"; exec .venv/bin/gatepost up

demo:
	@tools/environment.sh demo
	@.venv/bin/python examples/demo/run.py

test:
	@tools/environment.sh dev
	@.venv/bin/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

nightly:
	@tools/environment.sh dev
	@.venv/bin/pytest --nightly -s tests/faults $(ARGS)

chromium-views:
	@tools/environment.sh dev
	@PYTHONPATH=tests .venv/bin/python -m verify.reading.chromium $(ARGS)

vectors:
	@tools/environment.sh dev
	@PYTHONPATH=tests .venv/bin/python -m suites.run "$(DIR)" $(ARGS)

differential:
	@tools/environment.sh dev
	@PYTHONPATH=tests .venv/bin/python -m differential.run $(if $(MAILAUTH),--mailauth $(MAILAUTH)) $(ARGS)

check:
	@tools/environment.sh dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/codespell
	tools/locks.sh --check
	@for page in $(GENERATED); do .venv/bin/python tools/$$page.py --check || exit 1; done

generated:
	@tools/environment.sh dev
	@for page in $(GENERATED); do .venv/bin/python tools/$$page.py || exit 1; done

fuzz:
	@tools/environment.sh dev
	@PYTHONPATH=tests .venv/bin/python -m fuzz.run $(ARGS)

bench-verify:
	@tools/environment.sh dev
	@PYTHONPATH=examples/demo .venv/bin/python bench/verify.py $(ARGS)

bench:
	@tools/environment.sh demo
	@PYTHONPATH=examples/demo .venv/bin/python bench/measure.py $(ARGS)

bench-events:
	@tools/environment.sh demo
	@PYTHONPATH=examples/demo .venv/bin/python bench/events.py $(ARGS)

bench-finding:
	@tools/environment.sh dev
	@.venv/bin/python bench/finding.py $(ARGS)

bench-injection:
	@tools/environment.sh dev
	@PYTHONPATH=tests .venv/bin/python bench/injection.py $(if $(DIR),"$(DIR)") $(ARGS)

bench-agents:
	@tools/environment.sh dev
	@PYTHONPATH=tests .venv/bin/python bench/agents.py $(if $(DIR),"$(DIR)") $(ARGS)

format:
	@tools/environment.sh dev
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

locks:
	tools/locks.sh
