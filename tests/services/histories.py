"""Histories as a user might make them: commands of every kind in any order, over months, some of them refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from budget_tui.bootstrap import Services
from budget_tui.domain.access import Scope
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import BudgetError
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.tokens import TokenKind
from budget_tui.services.costs import CostEntry
from budget_tui.services.imports import ImportRequest
from budget_tui.services.organizations import NewOrganization
from budget_tui.services.period_rules import RuleChange
from budget_tui.services.plans import PlanChange
from budget_tui.services.transfers import TransferRequest
from tests.databases import Address, beside
from tests.services.agents_home import home_with_agents
from tests.services.planning import percents, plan_of

PROJECTS = ("pcc", "api", "video")
AGENTS = ("scout", "coder")
MODELS = ("m1", "m2")
FIRST = datetime(2026, 1, 3, 9, tzinfo=UTC)


class History:
    """One user's life with one database. Every command is drawn from ``random``."""

    def __init__(self, address: Address, random: Random) -> None:
        self.address = address
        self.random = random
        self.moment = FIRST
        self.done: list[str] = []
        self._held: list[str] = []
        self._planned: list[str] = []

    @property
    def services(self) -> Services:
        return home_with_agents(self.address, self.moment).services

    @property
    def today(self) -> date:
        return self.moment.date()

    def begin(self) -> None:
        """What makes most of what follows possible."""
        services = self.services
        services.budgets.set_global(500 * NANOS)
        for project in PROJECTS:
            services.projects.add(project, allocation=AllocationChange(ChangeKind.SET, 100 * NANOS))
        services.entities.add("DEPT", level="department")
        services.entities.add("TEAM", "DEPT", "team")
        services.agents.add("scout", "pcc", model="m1", tokens=10_000)
        services.token_prices.set("m1", {TokenKind.INPUT: 3 * NANOS})

    def live(self, steps: int) -> None:
        """Do ``steps`` commands."""
        commands = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        for _ in range(steps):
            command: Callable[[], object] = self.random.choice(commands)
            try:
                command()
            except BudgetError as error:
                self.done.append(f"{command.__name__}: {error}")
            else:
                self.done.append(command.__name__)

    # Small choices

    def _nanos(self) -> int:
        return self.random.randint(1, 20_000) * NANOS // 100

    def _project(self) -> str:
        return self.random.choice(PROJECTS)

    def _agent(self) -> str:
        return self.random.choice(AGENTS)

    def _entity(self) -> str:
        return self.random.choice((*PROJECTS, "DEPT", "TEAM", "ORG"))

    def _day(self) -> date:
        return self.today - timedelta(days=self.random.randint(0, 40))

    def _key(self) -> str:
        return self.random.choice(("", f"key-{self.random.randint(0, 9)}"))

    # Time

    def do_pass_a_while(self) -> None:
        self.moment += timedelta(minutes=self.random.randint(1, 3000))

    def do_pass_weeks(self) -> None:
        if self.random.random() < 0.3:
            self.moment += timedelta(days=self.random.randint(5, 40))
            self.services.periods.catch_up()

    def do_close(self) -> None:
        if self.random.random() < 0.3:
            self.services.periods.close()

    def do_change_the_rule(self) -> None:
        kind = self.random.choice((None, PeriodKind.MONTHLY, PeriodKind.QUARTERLY))
        if self.random.random() < 0.2:
            self.services.period_rules.set(RuleChange(kind, self.random.randint(0, 28)))

    # Money

    def do_set_the_budget(self) -> None:
        self.services.budgets.set_global(self._nanos())

    def do_allocate(self) -> None:
        kind = self.random.choice((ChangeKind.SET, ChangeKind.ADD, ChangeKind.REST))
        self.services.budgets.allocate(self._project(), AllocationChange(kind, self._nanos()))

    def do_transfer(self) -> None:
        ends = (*PROJECTS, "pool")
        force = self.random.random() < 0.5
        request = TransferRequest(
            self.random.choice(ends), self.random.choice(ends), self._nanos() // 10, force, "because" if force else ""
        )
        self.services.transfers.transfer(request, self._key())

    def do_carry(self) -> None:
        policy = self.random.choice(tuple(CarryPolicy))
        cap = self.random.choice((None, self._nanos())) if policy is not CarryPolicy.NONE else None
        self.services.budgets.set_carry(policy, cap, self.random.choice((*PROJECTS, "")))

    def do_spend(self) -> None:
        entity = self.random.choice((*PROJECTS, "DEPT", "TEAM"))
        amount = self.random.choice((1, 1, 1, -1)) * self._nanos()
        tokens = self.random.choice((None, self.random.randint(0, 500)))
        self.services.costs.add(CostEntry(entity, amount, self._day(), tokens=tokens), self._key())

    def do_spend_at_once(self) -> None:
        self.services.costs.add_all([CostEntry(self._project(), self._nanos(), self._day()) for _ in range(3)])

    def do_import(self) -> None:
        names = (*PROJECTS, "nobody")
        rows = "".join(
            f"{self.random.choice(names)},{self.random.randint(1, 9999)}.{self.random.randint(0, 99):02},"
            f"USD,{day}T00:00:00Z,{day:%Y-%m}-01T00:00:00Z,{self.random.choice(('AWS', 'OpenAI'))},acc\n"
            for day in (self._day() for _ in range(self.random.randint(1, 6)))
        )
        header = (
            "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,"
            "ServiceProviderName,BillingAccountId\n"
        )
        export = beside(self.address) / "export.csv"
        export.write_text(header + rows, "utf-8")
        self.services.imports.run(ImportRequest((str(export),), source=self.random.choice(("x", "y"))))

    def do_map(self) -> None:
        self.services.costs.map_to_project(self._project(), "provider", self.random.choice(("AWS", "OpenAI")))

    def do_name_a_provider(self) -> None:
        self.services.costs.name_provider("AWS", self.random.choice(("aws", "cloud-one")))

    def do_categorize(self) -> None:
        self.services.costs.put_into_category("AWS", self.random.choice((Category.CLOUD, Category.SUBSCRIPTION)))

    def do_set_a_rate(self) -> None:
        self.services.fx.set("EUR", "USD", Decimal("1.08"), self._day())

    # Who is there

    def do_add_a_project(self) -> None:
        self.services.projects.add(self._project())

    def do_archive_a_project(self) -> None:
        if self.random.random() < 0.2:
            self.services.projects.archive(self._project())

    def do_rename(self) -> None:
        self.services.entities.rename(self._entity(), f"name {self.random.randint(0, 5)}")

    def do_move(self) -> None:
        self.services.entities.move(self._entity(), self._entity())

    def do_add_an_entity(self) -> None:
        self.services.entities.add(f"e-{self.random.randint(0, 4)}", self._entity())

    def do_archive_an_entity(self) -> None:
        self.services.entities.archive(f"e-{self.random.randint(0, 4)}")

    def do_make_a_key(self) -> None:
        self.services.keys.create(f"key {self.random.randint(0, 3)}", Scope.READ)

    def do_revoke_a_key(self) -> None:
        self.services.keys.revoke(f"key {self.random.randint(0, 3)}")

    def do_register_seats(self) -> None:
        self.services.seats.register(self._entity(), "github", self.random.randint(0, 9), self._day())

    def do_found_an_organization(self) -> None:
        self.services.organizations.add(NewOrganization("acme", "Acme"))

    # Agents

    def do_add_an_agent(self) -> None:
        self.services.agents.add(self._agent(), self._project(), model=self.random.choice(MODELS))

    def do_archive_an_agent(self) -> None:
        if self.random.random() < 0.2:
            self.services.agents.archive(self._agent())

    def do_allocate_tokens(self) -> None:
        self.services.agents.allocate(self._agent(), self.random.randint(0, 20_000))

    def do_top_up(self) -> None:
        self.services.agents.top_up(self._agent(), self.random.randint(1, 900), self._key())

    def do_consume(self) -> None:
        self.services.agents.consume(self._agent(), self.random.randint(1, 900), key=self._key())

    def do_consume_output(self) -> None:
        self.services.agents.consume(self._agent(), 40, output=10, cached=5)

    def do_reserve(self) -> None:
        seconds = self.random.choice((60, 600, 7 * 24 * 3600))
        self._held.append(
            self.services.agents.reserve(self._agent(), self.random.randint(1, 900), seconds).reservation_id
        )

    def do_settle(self) -> None:
        if self._held:
            self.services.agents.settle(self.random.choice(self._held), self.random.randint(0, 900), key=self._key())

    def do_release(self) -> None:
        if self._held:
            self.services.agents.release(self.random.choice(self._held))

    def do_carry_tokens(self) -> None:
        self.services.agents.set_carry(self._agent(), self.random.choice(tuple(CarryPolicy)))

    def do_price(self) -> None:
        kind = self.random.choice((TokenKind.INPUT, TokenKind.OUTPUT))
        self.services.token_prices.set(self.random.choice(MODELS), {kind: self._nanos()}, self._day())

    # The plan

    def _period(self) -> str:
        return self.random.choice((f"{self.today:%Y-%m}", "2026-02", "2026-03", "2026-Q1", "2026"))

    def do_plan(self) -> None:
        kind = self.random.choice((("cloud", "monetary"), ("total", "monetary"), ("genai", "token")))
        plan = plan_of(self._entity(), kind[0], str(self.random.randint(0, 5000)), self._period(), budget_type=kind[1])
        self._planned.append(self.services.plans.create(plan, self._key()).budget.budget_id)

    def do_plan_tokens_of_an_agent(self) -> None:
        plan = plan_of(self._agent(), "genai", str(self.random.randint(0, 5000)), self._period(), budget_type="token")
        self._planned.append(self.services.plans.create(plan).budget.budget_id)

    def do_change_the_plan(self) -> None:
        if self._planned:
            amount = self.random.randint(0, 5000) * NANOS
            rescale = self.random.random() < 0.5
            self.services.plans.update(self.random.choice(self._planned), PlanChange(amount), rescale=rescale)

    def do_delete_from_the_plan(self) -> None:
        if self._planned:
            self.services.plans.delete(self.random.choice(self._planned))

    def do_allocate_the_plan(self) -> None:
        kind = self.random.choice((("cloud", "monetary"), ("total", "monetary"), ("genai", "token")))
        parent, children = self.random.choice(
            (
                ("ORG", {"DEPT": "30", "pcc": "20"}),
                ("DEPT", {"TEAM": "50"}),
                ("pcc", {"scout": "50"}),
                ("ORG", {"pcc": "9"}),
            )
        )
        plan = plan_of(parent, kind[0], str(self.random.randint(0, 5000)), self._period(), budget_type=kind[1])
        made = self.services.plans.allocate(plan, percents(**children), self._key())
        self._planned += [made.parent.budget_id, *(child.budget.budget_id for child in made.children)]

    # To and fro

    def do_undo(self) -> None:
        self.services.undo.undo()

    def do_undo_and_again(self) -> None:
        self.services.undo.undo()
        self.services.undo.redo()
