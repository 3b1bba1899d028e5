package io.headrace.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs raw Reactor Netty and Headrace in turn, each time in a fresh process, over the same input and against the same
 * server, and prints the ratios pair by pair. Machines are noisy: read the median ratio. Each pair runs twice: with plain JVMs, and
 * with a class-data archive on each side, as {@code ./headrace} has one.
 *
 * <p>Arguments: a scenario ({@code latency}, {@code wide}, {@code throughput}, {@code million}) and the number of pairs.
 */
public final class Compare {

    /** One comparison of the table in docs/benchmarks.md. */
    private record Scenario(int items, int latencyMillis, int concurrency) {}

    private record Figures(double wall, double cpu, int threads, long megabytes) {}

    private static final Map<String, Scenario> SCENARIOS = Map.of(
            "latency", new Scenario(10_000, 100, 100),
            "wide", new Scenario(10_000, 1_000, 1_000),
            "throughput", new Scenario(50_000, 0, 100),
            "million", new Scenario(1_000_000, 0, 100));

    private static final Pattern MEASURE =
            Pattern.compile("measure items=(\\d+) wall=([\\d.]+) cpu=([\\d.]+) threads=(\\d+) rss=(-?\\d+)");

    private static final int WARM_UP_REQUESTS = 30_000;

    private static final List<String> JVM = List.of("-Xmx256m", "-XX:+UseSerialGC");

    private Compare() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Scenario scenario = args.length == 0 ? null : SCENARIOS.get(args[0]);
        if (scenario == null) {
            System.err.println("usage: Compare " + String.join("|", SCENARIOS.keySet()) + " [pairs]");
            System.exit(1);
            return;
        }
        int pairs = args.length > 1 ? Integer.parseInt(args[1]) : 3;
        Path scratch = Files.createTempDirectory("headrace-benchmark");
        try {
            Path input = writeInput(scratch.resolve("input.jsonl"), scenario.items());
            List<String> rawArchive = archive(RawClient.class, scratch);
            List<String> ourArchive = archive(HeadraceClient.class, scratch);
            Results plain = new Results(args[0] + ", plain JVMs", scenario.items());
            Results archived = new Results(args[0] + ", class-data archives", scenario.items());
            for (int pair = 1; pair <= pairs; pair++) {
                Path work = scratch.resolve("work");
                plain.add(
                        run(RawClient.class, scenario, input, work, List.of()),
                        run(HeadraceClient.class, scenario, input, work, List.of()));
                archived.add(
                        run(RawClient.class, scenario, input, work, rawArchive),
                        run(HeadraceClient.class, scenario, input, work, ourArchive));
            }
            plain.print();
            archived.print();
        } finally {
            delete(scratch);
        }
    }

    /** Rows of about 500 characters of text, all different. */
    static Path writeInput(Path input, int items) throws IOException {
        Random random = new Random(42);
        try (BufferedWriter out = Files.newBufferedWriter(input)) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < items; i++) {
                text.setLength(0);
                while (text.length() < 500) {
                    text.append(Integer.toString(random.nextInt(1 << 30), 36)).append(' ');
                }
                out.write("{\"id\":\"row-" + i + "\",\"text\":\"" + text + "\"}\n");
            }
        }
        return input;
    }

    /** Writes what a small run of {@code client} loads into an archive; the option that has it used. */
    private static List<String> archive(Class<?> client, Path scratch) throws IOException, InterruptedException {
        Path archive = scratch.resolve(client.getSimpleName() + ".jsa");
        Scenario small = new Scenario(2_000, 0, 100);
        Path input = writeInput(scratch.resolve("small.jsonl"), small.items());
        run(client, small, input, scratch.resolve("work"), List.of("-XX:ArchiveClassesAtExit=" + archive));
        return List.of("-XX:SharedArchiveFile=" + archive);
    }

    private static Figures run(Class<?> client, Scenario scenario, Path input, Path work, List<String> options)
            throws IOException, InterruptedException {
        Process server = start(LeanServer.class, List.of(), "0", Integer.toString(scenario.latencyMillis()));
        try (BufferedReader said = reader(server)) {
            int port = Integer.parseInt(said.readLine());
            warmUp(port);
            String url = "http://127.0.0.1:" + port;
            Process process = start(
                    client, options, url, input.toString(), work.toString(), Integer.toString(scenario.concurrency()));
            try (BufferedReader out = reader(process)) {
                Figures figures = null;
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    Matcher measure = MEASURE.matcher(line);
                    if (measure.find()) {
                        if (Integer.parseInt(measure.group(1)) != scenario.items()) {
                            throw new IllegalStateException(client.getSimpleName() + " lost items: " + line);
                        }
                        figures = new Figures(
                                Double.parseDouble(measure.group(2)),
                                Double.parseDouble(measure.group(3)),
                                Integer.parseInt(measure.group(4)),
                                Long.parseLong(measure.group(5)));
                    }
                }
                if (process.waitFor() != 0 || figures == null) {
                    throw new IllegalStateException(client.getSimpleName() + " failed, exit " + process.exitValue());
                }
                return figures;
            } finally {
                process.destroyForcibly();
            }
        } finally {
            server.destroyForcibly().waitFor();
            delete(work);
        }
    }

    /** Lets the server's code be compiled before anybody is measured: it shares the cores with the client. */
    private static void warmUp(int port) throws IOException {
        byte[] request = "GET /stats HTTP/1.1\r\nhost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] answer = new byte[1024];
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            for (int i = 0; i < WARM_UP_REQUESTS; i++) {
                socket.getOutputStream().write(request);
                if (socket.getInputStream().read(answer) < 0) {
                    throw new IllegalStateException("the server hung up");
                }
            }
        }
    }

    private static Process start(Class<?> main, List<String> options, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(Arrays.asList(args));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static BufferedReader reader(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** The pairs of one comparison. */
    private static final class Results {

        private final String name;
        private final int items;
        private final List<Figures> raw = new ArrayList<>();
        private final List<Figures> ours = new ArrayList<>();

        Results(String name, int items) {
            this.name = name;
            this.items = items;
        }

        void add(Figures raw, Figures ours) {
            this.raw.add(raw);
            this.ours.add(ours);
            System.out.printf(
                    Locale.ROOT,
                    "%s: raw %.2f s, %.2f s CPU; headrace %.2f s, %.2f s CPU; ratio wall %.3f, CPU %.3f%n",
                    name,
                    raw.wall(),
                    raw.cpu(),
                    ours.wall(),
                    ours.cpu(),
                    ours.wall() / raw.wall(),
                    ours.cpu() / raw.cpu());
        }

        void print() {
            System.out.printf(
                    Locale.ROOT,
                    "%s, median of %d pairs: wall ratio %.3f, CPU ratio %.3f; CPU a call raw %.3f ms, headrace %.3f ms; "
                            + "headrace threads %d, resident %d MB (raw %d MB)%n",
                    name,
                    raw.size(),
                    medianRatio(Figures::wall),
                    medianRatio(Figures::cpu),
                    median(raw, Figures::cpu) * 1_000 / items,
                    median(ours, Figures::cpu) * 1_000 / items,
                    (int) median(ours, Figures::threads),
                    (long) median(ours, Figures::megabytes),
                    (long) median(raw, Figures::megabytes));
        }

        private double medianRatio(ToDoubleFunction<Figures> of) {
            double[] ratios = new double[ours.size()];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = of.applyAsDouble(ours.get(i)) / of.applyAsDouble(raw.get(i));
            }
            Arrays.sort(ratios);
            return ratios[ratios.length / 2];
        }

        private static double median(List<Figures> figures, ToDoubleFunction<Figures> of) {
            double[] values = figures.stream().mapToDouble(of).sorted().toArray();
            return values[values.length / 2];
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
