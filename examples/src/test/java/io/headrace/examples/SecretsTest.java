package io.headrace.examples;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keys that a server reflects in all its errors are in nothing that a run with such errors leaves: log lines of every level,
 * exceptions with their causes, texts of objects, journal, cache, results, dead letters, reports.
 */
@Timeout(120)
class SecretsTest {

    static final String OPENAI_KEY = "sk-openai-0a1b2c3d4e5f60718293";
    static final String ANTHROPIC_KEY = "sk-ant-9f8e7d6c5b4a39281706";
    static final String TEAM_KEY = "team-secret-5566778899aabbcc";
    static final String QUERY_KEY = "in-the-query-00ffeeddccbbaa99";

    @Test
    void keysThatAreReflected_areNowhere(@TempDir Path folder) throws Exception {
        Path said = folder.resolve("output");
        try (ReflectingServer server = new ReflectingServer()) {
            List<String> command = List.of(
                    ProcessHandle.current().info().command().orElse("java"),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace",
                    SecretsRun.class.getName(),
                    server.url(),
                    folder.toString());
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
            assertThat(server.requests()).isGreaterThan(100);
        }

        String output = text(said);
        assertThat(output)
                .contains(
                        "AUTHENTICATION",
                        "RATE_LIMITED",
                        "SERVER_ERROR",
                        "OVERLOADED",
                        "MALFORMED_RESPONSE",
                        "NOT_FOUND");
        assertThat(output)
                .contains("TRANSPORT", "INVALID_REQUEST", "DEBUG", "TRACE", "[key]", "of retries)", "Caused by");
        assertThat(folder.resolve("out/dead-letters.jsonl")).isNotEmptyFile();
        assertThat(folder.resolve("out/results.jsonl")).isNotEmptyFile();
        for (Path file : files(folder)) {
            assertThat(lines(file)).as(folder.relativize(file).toString()).isEmpty();
        }
    }

    /** Lines with a key, or with enough of one to be worth something. */
    private static List<String> lines(Path file) throws IOException {
        return text(file)
                .lines()
                .filter(line -> Stream.of(OPENAI_KEY, ANTHROPIC_KEY, TEAM_KEY, QUERY_KEY)
                        .anyMatch(key ->
                                line.contains(key.substring(0, 18)) || line.contains(key.substring(key.length() - 12))))
                .map(line -> line.length() < 400 ? line : line.substring(0, 400))
                .limit(20)
                .toList();
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), ISO_8859_1);
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}
