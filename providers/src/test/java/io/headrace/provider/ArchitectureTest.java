package io.headrace.provider;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Holds the borders between providers: adding one means one package. */
@AnalyzeClasses(packages = "io.headrace.provider", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule onlyHttpKnowsTheClient = noClasses()
            .that()
            .resideOutsideOfPackage("io.headrace.provider.http")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.netty..", "reactor.netty..");

    @ArchTest
    static final ArchRule httpKnowsNoProvider = noClasses()
            .that()
            .resideInAPackage("io.headrace.provider.http")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.headrace.provider.openai..", "io.headrace.provider.anthropic..");

    @ArchTest
    static final ArchRule openAiKnowsNoOther = noClasses()
            .that()
            .resideInAPackage("io.headrace.provider.openai")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.headrace.provider.anthropic..");

    @ArchTest
    static final ArchRule anthropicKnowsNoOther = noClasses()
            .that()
            .resideInAPackage("io.headrace.provider.anthropic")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.headrace.provider.openai..");
}
