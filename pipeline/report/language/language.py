"""`Language`: the sentences of one language, chapter by chapter."""

from dataclasses import dataclass

from pipeline.base.sentences.stored import StoredSentences
from pipeline.report.language.en.acceptance import AcceptanceSentences
from pipeline.report.language.en.accuracy import Accuracy
from pipeline.report.language.en.alarm import Alarm
from pipeline.report.language.en.calculator import Calculator
from pipeline.report.language.en.card import Card
from pipeline.report.language.en.checkpoint import Checkpoint
from pipeline.report.language.en.control import Control
from pipeline.report.language.en.costs import Costs
from pipeline.report.language.en.cover import Cover
from pipeline.report.language.en.crossover import CrossoverSentences
from pipeline.report.language.en.data_control import DataControl
from pipeline.report.language.en.dummy_weights import DummyWeightsSentences
from pipeline.report.language.en.endpoint import Endpoint
from pipeline.report.language.en.endpoint_speed import EndpointSpeed
from pipeline.report.language.en.environment import Environment
from pipeline.report.language.en.examples import Examples
from pipeline.report.language.en.fair_arms import FairArmsSentences
from pipeline.report.language.en.files import Files, NotMeasured
from pipeline.report.language.en.findings import Findings
from pipeline.report.language.en.forest import Forest
from pipeline.report.language.en.health import Health
from pipeline.report.language.en.latency import LatencySentences
from pipeline.report.language.en.load_evidence import LoadEvidence
from pipeline.report.language.en.memory import Memory
from pipeline.report.language.en.method import Method
from pipeline.report.language.en.noise_floor import NoiseFloorSentences
from pipeline.report.language.en.operation import OperationSentences
from pipeline.report.language.en.page import Page
from pipeline.report.language.en.per_user import PerUserSentences
from pipeline.report.language.en.plan import PlanSentences
from pipeline.report.language.en.pricing import PricingSentences
from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.language.en.profile import ProfileSentences
from pipeline.report.language.en.recommendation import Recommendation
from pipeline.report.language.en.risks import Risks
from pipeline.report.language.en.roadmap import Roadmap
from pipeline.report.language.en.soak import SoakSentences
from pipeline.report.language.en.summary import Summary
from pipeline.report.language.en.tasks import Tasks
from pipeline.report.language.en.throughput import Throughput
from pipeline.report.language.en.verdicts import Verdicts
from pipeline.report.language.en.workbook import WorkbookSentences


@dataclass(frozen=True)
class Language:
    """The sentences of one language; figures come in printed."""

    acceptance: AcceptanceSentences
    accuracy: Accuracy
    alarm: Alarm
    control: Control
    examples: Examples
    forest: Forest
    noise_floor: NoiseFloorSentences
    costs: Costs
    pricing: PricingSentences
    dummy_weights: DummyWeightsSentences
    latency: LatencySentences
    fair_arms: FairArmsSentences
    load_evidence: LoadEvidence
    per_user: PerUserSentences
    health: Health
    endpoint_speed: EndpointSpeed
    memory: Memory
    soak: SoakSentences
    throughput: Throughput
    crossover: CrossoverSentences
    endpoint: Endpoint
    checkpoint: Checkpoint
    method: Method
    environment: Environment
    files: Files
    not_measured: NotMeasured
    recommendation: Recommendation
    calculator: Calculator
    card: Card
    cover: Cover
    operation: OperationSentences
    page: Page
    plan: PlanSentences
    tasks: Tasks
    roadmap: Roadmap
    risks: Risks
    data_control: DataControl
    profile: ProfileSentences
    findings: Findings
    summary: Summary
    verdicts: Verdicts
    workbook: WorkbookSentences
    pricing_sheets: PricingSheets
    stored: StoredSentences
    """What results keep: gates, checks, methods and reasons."""


ENGLISH = Language(
    acceptance=AcceptanceSentences(),
    accuracy=Accuracy(),
    alarm=Alarm(),
    control=Control(),
    examples=Examples(),
    forest=Forest(),
    noise_floor=NoiseFloorSentences(),
    costs=Costs(),
    pricing=PricingSentences(),
    dummy_weights=DummyWeightsSentences(),
    latency=LatencySentences(),
    fair_arms=FairArmsSentences(),
    load_evidence=LoadEvidence(),
    per_user=PerUserSentences(),
    health=Health(),
    endpoint_speed=EndpointSpeed(),
    memory=Memory(),
    soak=SoakSentences(),
    throughput=Throughput(),
    crossover=CrossoverSentences(),
    endpoint=Endpoint(),
    checkpoint=Checkpoint(),
    method=Method(),
    environment=Environment(),
    files=Files(),
    not_measured=NotMeasured(),
    recommendation=Recommendation(),
    calculator=Calculator(),
    card=Card(),
    cover=Cover(),
    operation=OperationSentences(),
    page=Page(),
    plan=PlanSentences(),
    tasks=Tasks(),
    roadmap=Roadmap(),
    risks=Risks(),
    data_control=DataControl(),
    profile=ProfileSentences(),
    findings=Findings(),
    summary=Summary(),
    verdicts=Verdicts(),
    workbook=WorkbookSentences(),
    pricing_sheets=PricingSheets(),
    stored=StoredSentences(),
)
