"""`GERMAN`: the sentences of the report in German, chapter by chapter."""

from pipeline.report.language.de.acceptance import GermanAcceptanceSentences
from pipeline.report.language.de.accuracy import GermanAccuracy
from pipeline.report.language.de.alarm import GermanAlarm
from pipeline.report.language.de.calculator import GermanCalculator
from pipeline.report.language.de.card import GermanCard
from pipeline.report.language.de.checkpoint import GermanCheckpoint
from pipeline.report.language.de.control import GermanControl
from pipeline.report.language.de.costs import GermanCosts
from pipeline.report.language.de.cover import GermanCover
from pipeline.report.language.de.crossover import GermanCrossoverSentences
from pipeline.report.language.de.data_control import GermanDataControl
from pipeline.report.language.de.dummy_weights import GermanDummyWeightsSentences
from pipeline.report.language.de.endpoint import GermanEndpoint
from pipeline.report.language.de.endpoint_speed import GermanEndpointSpeed
from pipeline.report.language.de.environment import GermanEnvironment
from pipeline.report.language.de.examples import GermanExamples
from pipeline.report.language.de.fair_arms import GermanFairArmsSentences
from pipeline.report.language.de.files import GermanFiles, GermanNotMeasured
from pipeline.report.language.de.findings import GermanFindings
from pipeline.report.language.de.forest import GermanForest
from pipeline.report.language.de.health import GermanHealth
from pipeline.report.language.de.latency import GermanLatencySentences
from pipeline.report.language.de.load_evidence import GermanLoadEvidence
from pipeline.report.language.de.memory import GermanMemory
from pipeline.report.language.de.method import GermanMethod
from pipeline.report.language.de.noise_floor import GermanNoiseFloorSentences
from pipeline.report.language.de.operation import GermanOperationSentences
from pipeline.report.language.de.page import GermanPage
from pipeline.report.language.de.per_user import GermanPerUserSentences
from pipeline.report.language.de.plan import GermanPlanSentences
from pipeline.report.language.de.pricing import GermanPricingSentences
from pipeline.report.language.de.pricing_sheets import GermanPricingSheets
from pipeline.report.language.de.profile import GermanProfileSentences
from pipeline.report.language.de.recommendation import GermanRecommendation
from pipeline.report.language.de.risks import GermanRisks
from pipeline.report.language.de.roadmap import GermanRoadmap
from pipeline.report.language.de.soak import GermanSoakSentences
from pipeline.report.language.de.stored import GermanStoredSentences
from pipeline.report.language.de.summary import GermanSummary
from pipeline.report.language.de.tasks import GermanTasks
from pipeline.report.language.de.throughput import GermanThroughput
from pipeline.report.language.de.verdicts import GermanVerdicts
from pipeline.report.language.de.workbook import GermanWorkbookSentences
from pipeline.report.language.language import Language

GERMAN = Language(
    acceptance=GermanAcceptanceSentences(),
    accuracy=GermanAccuracy(),
    alarm=GermanAlarm(),
    control=GermanControl(),
    examples=GermanExamples(),
    forest=GermanForest(),
    noise_floor=GermanNoiseFloorSentences(),
    costs=GermanCosts(),
    pricing=GermanPricingSentences(),
    dummy_weights=GermanDummyWeightsSentences(),
    latency=GermanLatencySentences(),
    fair_arms=GermanFairArmsSentences(),
    load_evidence=GermanLoadEvidence(),
    per_user=GermanPerUserSentences(),
    health=GermanHealth(),
    endpoint_speed=GermanEndpointSpeed(),
    memory=GermanMemory(),
    soak=GermanSoakSentences(),
    throughput=GermanThroughput(),
    crossover=GermanCrossoverSentences(),
    endpoint=GermanEndpoint(),
    checkpoint=GermanCheckpoint(),
    method=GermanMethod(),
    environment=GermanEnvironment(),
    files=GermanFiles(),
    not_measured=GermanNotMeasured(),
    recommendation=GermanRecommendation(),
    calculator=GermanCalculator(),
    card=GermanCard(),
    cover=GermanCover(),
    operation=GermanOperationSentences(),
    page=GermanPage(),
    plan=GermanPlanSentences(),
    tasks=GermanTasks(),
    roadmap=GermanRoadmap(),
    risks=GermanRisks(),
    data_control=GermanDataControl(),
    profile=GermanProfileSentences(),
    findings=GermanFindings(),
    summary=GermanSummary(),
    verdicts=GermanVerdicts(),
    workbook=GermanWorkbookSentences(),
    pricing_sheets=GermanPricingSheets(),
    stored=GermanStoredSentences(),
)
