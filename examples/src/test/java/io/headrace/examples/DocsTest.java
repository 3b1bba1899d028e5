package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the pages to the code: what they quote is compiled, and what they link to is there. */
class DocsTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern JAVA_BLOCK = Pattern.compile("(?ms)^```java\\b[^\\n]*\\n(.*?)^```");
    private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
    private static final Pattern CODE = Pattern.compile("(?ms)^```.*?^```|`[^`\\n]*`");
    private static final Pattern TYPE_NAME = Pattern.compile("`([A-Z][a-z0-9]+[A-Za-z0-9]*)(?:\\.\\w+)*`");
    private static final Set<String> OF_REACTOR = Set.of("Flux", "Context");
    private static final Pattern ELSEWHERE = Pattern.compile("[a-z][a-z+.-]*:.*|#.*");

    @Test
    void everyJavaBlock_isCompiledInTheExamples() {
        List<String> sources = files(ROOT.resolve("examples/src"), ".java").stream()
                .map(source -> words(read(source)))
                .toList();
        List<String> unknown = new ArrayList<>();
        int blocks = 0;
        for (Path page : List.of(ROOT.resolve("README.md"), ROOT.resolve("docs/guide.md"))) {
            for (String block : blocks(page)) {
                blocks++;
                if (sources.stream().noneMatch(source -> source.contains(words(block)))) {
                    unknown.add(ROOT.relativize(page) + ": "
                            + block.lines().findFirst().orElse("an empty block"));
                }
            }
        }
        assertThat(unknown)
                .as("blocks that are in no source below examples/src")
                .isEmpty();
        assertThat(blocks).as("blocks in the pages").isGreaterThan(10);
    }

    @Test
    void coordinatesInTheReadme_areThisVersion() {
        Pattern version = Pattern.compile("<version>(.*?)</version>");
        String project = version.matcher(read(ROOT.resolve("pom.xml")))
                .results()
                .findFirst()
                .orElseThrow()
                .group(1);
        List<String> told = version.matcher(read(ROOT.resolve("README.md")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(told).isNotEmpty().containsOnly(project);
    }

    @Test
    void everyRelativeLink_pointsToAFile() {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path page : pages()) {
            for (String target : links(page)) {
                links++;
                if (!Files.exists(page.resolveSibling(target.replaceFirst("#.*", "")))) {
                    broken.add(ROOT.relativize(page) + ": " + target);
                }
            }
        }
        assertThat(broken).as("links to files that are not there").isEmpty();
        assertThat(links).as("links in the pages").isGreaterThan(10);
    }

    @Test
    void everyDecision_isInTheIndex() {
        Path folder = ROOT.resolve("docs/decisions");
        assertThat(links(folder.resolve("README.md")))
                .containsAll(files(folder, ".md").stream()
                        .map(page -> page.getFileName().toString())
                        .filter(name -> !name.equals("README.md"))
                        .toList());
    }

    @Test
    void everyTypeNamedInArchitectureAndBenchmarks_isThere() {
        Set<String> known = files(ROOT, ".java").stream()
                .map(file -> file.getFileName().toString().replace(".java", ""))
                .collect(Collectors.toSet());
        known.addAll(OF_REACTOR);
        List<String> named = Stream.of("docs/architecture.md", "docs/benchmarks.md")
                .flatMap(page -> TYPE_NAME.matcher(read(ROOT.resolve(page))).results())
                .map(match -> match.group(1))
                .toList();
        assertThat(named).hasSizeGreaterThan(100).isSubsetOf(known);
    }

    private static List<Path> pages() {
        return Stream.concat(
                        Stream.of(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md")),
                        files(ROOT.resolve("docs"), ".md").stream())
                .toList();
    }

    private static List<String> blocks(Path page) {
        return JAVA_BLOCK
                .matcher(read(page))
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    /** Links in the prose that lead to a file of the project. */
    private static List<String> links(Path page) {
        String prose = CODE.matcher(read(page)).replaceAll("");
        return LINK.matcher(prose)
                .results()
                .map((MatchResult match) -> match.group(1))
                .filter(target -> !ELSEWHERE.matcher(target).matches())
                .toList();
    }

    private static String words(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }

    private static List<Path> files(Path folder, String ending) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> file.toString().endsWith(ending)).sorted().collect(Collectors.toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
