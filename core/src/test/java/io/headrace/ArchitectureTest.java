package io.headrace;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.headrace.admission.Resource;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Holds the import direction and the habits that the design names. */
@AnalyzeClasses(packages = "io.headrace", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    /** Classes that read the time of the machine themselves, each with its reason. */
    private static final Set<String> CLOCK_READERS = Set.of();

    private static final String[] ABOVE_ROOT = {
        "io.headrace.files..",
        "io.headrace.model..",
        "io.headrace.dataset..",
        "io.headrace.observe..",
        "io.headrace.cache..",
        "io.headrace.admission..",
        "io.headrace.layer..",
        "io.headrace.flow..",
        "io.headrace.run..",
        "io.headrace.batch..",
        "io.headrace.memory.."
    };

    @ArchTest
    static final ArchRule rootKnowsNothingAbove = knows("io.headrace");

    @ArchTest
    static final ArchRule filesKnowTheRoot = knows("io.headrace.files");

    @ArchTest
    static final ArchRule observeKnowsTheRoot = knows("io.headrace.observe");

    @ArchTest
    static final ArchRule memoryKnowsTheRoot = knows("io.headrace.memory");

    @ArchTest
    static final ArchRule datasetKnowsTheRoot = knows("io.headrace.dataset");

    @ArchTest
    static final ArchRule modelKnowsObserve = knows("io.headrace.model", "io.headrace.observe");

    @ArchTest
    static final ArchRule cacheKnowsModelAndObserve =
            knows("io.headrace.cache", "io.headrace.model", "io.headrace.observe");

    @ArchTest
    static final ArchRule admissionKnowsModelAndObserve =
            knows("io.headrace.admission", "io.headrace.model", "io.headrace.observe");

    @ArchTest
    static final ArchRule batchKnowsCacheObserveAndAdmission = knows(
            "io.headrace.batch",
            "io.headrace.files",
            "io.headrace.observe",
            "io.headrace.cache",
            "io.headrace.model",
            "io.headrace.admission");

    @ArchTest
    static final ArchRule layerKnowsWhatItPutsTogether = knows(
            "io.headrace.layer",
            "io.headrace.model",
            "io.headrace.observe",
            "io.headrace.cache",
            "io.headrace.admission",
            "io.headrace.batch");

    @ArchTest
    static final ArchRule flowKnowsNoRun = knows(
            "io.headrace.flow",
            "io.headrace.model",
            "io.headrace.observe",
            "io.headrace.cache",
            "io.headrace.admission",
            "io.headrace.batch",
            "io.headrace.layer");

    @ArchTest
    static final ArchRule runKnowsAll = knows(
            "io.headrace.run",
            "io.headrace.files",
            "io.headrace.memory",
            "io.headrace.model",
            "io.headrace.dataset",
            "io.headrace.observe",
            "io.headrace.cache",
            "io.headrace.admission",
            "io.headrace.batch",
            "io.headrace.layer",
            "io.headrace.flow");

    @ArchTest
    static final ArchRule coreKnowsNoModuleBesideIt = noClasses()
            .should()
            .dependOnClassesThat(resideInAnyPackage(
                    "io.headrace.provider..",
                    "io.headrace.testkit..",
                    "io.headrace.cli..",
                    "org.rocksdb..",
                    "io.netty.."));

    @ArchTest
    static final ArchRule nothingBlocks = noClasses()
            .should()
            .callMethodWhere(calls(Publisher.class, "block", "blockFirst", "blockLast", "blockOptional", "toFuture"))
            .orShould()
            .callMethodWhere(calls(Flux.class, "toIterable", "toStream"))
            .orShould()
            .callMethodWhere(calls(Thread.class, "sleep"))
            .orShould()
            .callMethodWhere(calls(Future.class, "get", "join"));

    @ArchTest
    static final ArchRule nothingSubscribesByItself = noClasses()
            .should()
            .callMethodWhere(bareSubscribe(Mono.class))
            .orShould()
            .callMethodWhere(bareSubscribe(Flux.class));

    @ArchTest
    static final ArchRule concurrencyAndPrefetchAreStated = noClasses()
            .should()
            .callMethod(Flux.class, "flatMap", Function.class)
            .orShould()
            .callMethod(Flux.class, "flatMapSequential", Function.class)
            .orShould()
            .callMethod(Flux.class, "publishOn", Scheduler.class);

    @ArchTest
    static final ArchRule timeIsInjected = noClasses()
            .that(describe("read no clock of their own", c -> !CLOCK_READERS.contains(c.getName())))
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethodWhere(describe(
                    "now() without a clock",
                    call -> call.getTargetOwner().getPackageName().equals("java.time")
                            && call.getName().equals("now")
                            && call.getTarget().getRawParameterTypes().isEmpty()));

    @ArchTest
    static final ArchRule resourcesArePureArithmetic = noClasses()
            .that()
            .areAssignableTo(Resource.class)
            .or()
            .haveNameMatching("io\\.headrace\\.admission\\.(KeyRing|Seat|Resources|Bucket|Timeline|Charge|Rate)")
            .should()
            .dependOnClassesThat(resideInAnyPackage("reactor..", "org.reactivestreams.."));

    @ArchTest
    static final ArchRule jacksonIsNobodysBusiness = methods()
            .that()
            .areDeclaredInClassesThat()
            .arePublic()
            .and(describe(
                    "public or protected",
                    m -> !m.getModifiers().contains(JavaModifier.PRIVATE)
                            && (m.getModifiers().contains(JavaModifier.PUBLIC)
                                    || m.getModifiers().contains(JavaModifier.PROTECTED))))
            .should(new ArchCondition<>("have no type of Jackson in their signature") {
                @Override
                public void check(com.tngtech.archunit.core.domain.JavaMethod method, ConditionEvents events) {
                    Set<JavaClass> types = method.getAllInvolvedRawTypes();
                    boolean hidden = types.stream()
                            .noneMatch(t -> t.getPackageName().startsWith("tools.jackson")
                                    || t.getPackageName().startsWith("com.fasterxml.jackson"));
                    events.add(new SimpleConditionEvent(method, hidden, method.getDescription()));
                }
            });

    @ArchTest
    static final ArchRule packagesAreNamedForWhatOneLooksFor =
            noClasses().should().resideInAnyPackage("..impl..", "..util..", "..common..", "..dto..");

    /** {@code where} imports of this library the root and {@code others} only. */
    private static ArchRule knows(String where, String... others) {
        DescribedPredicate<JavaClass> foreign = resideInAnyPackage(ABOVE_ROOT)
                .and(DescribedPredicate.not(resideInAPackage(where)))
                .and(DescribedPredicate.not(resideInAnyPackage(others)));
        return classes()
                .that()
                .resideInAPackage(where)
                .should()
                .onlyDependOnClassesThat(DescribedPredicate.not(foreign))
                .allowEmptyShould(true);
    }

    /** Any but that of an operator, whose subscriber stands for the one behind it. */
    private static DescribedPredicate<JavaMethodCall> bareSubscribe(Class<?> owner) {
        return describe(
                "a bare " + owner.getSimpleName() + ".subscribe",
                call -> calls(owner, "subscribe").test(call)
                        && call.getTarget().getRawParameterTypes().stream()
                                .noneMatch(type -> type.isEquivalentTo(CoreSubscriber.class)));
    }

    private static DescribedPredicate<JavaMethodCall> calls(Class<?> owner, String... names) {
        Set<String> any = Set.of(names);
        return describe(
                owner.getSimpleName() + " " + any,
                call -> call.getTargetOwner().isAssignableTo(owner) && any.contains(call.getName()));
    }
}
