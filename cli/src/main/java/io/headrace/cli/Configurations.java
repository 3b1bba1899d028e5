package io.headrace.cli;

import io.headrace.examples.analysis.AnalysisSettings;
import io.headrace.examples.analysis.AnalysisSettings.OutputTokens;
import io.headrace.examples.analysis.AnalysisSettings.Prompts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The configurations of a sweep: the YAML and JSON files of a folder, each named as its file without the ending. */
final class Configurations {

    private static final int MOST_TOKENS = 1_000_000;
    private static final double HOTTEST = 2;

    private Configurations() {}

    /**
     * Reads all of {@code folder}, in the order of their names.
     *
     * @param model of those that name none
     * @throws UsageProblem if a file is no configuration, two have one name, or there is none
     */
    static Map<String, AnalysisSettings> read(Path folder, String model) {
        Map<String, AnalysisSettings> configurations = new LinkedHashMap<>();
        Map<String, Path> files = new LinkedHashMap<>();
        for (Path file : files(folder)) {
            String name = file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
            if (name.equalsIgnoreCase(BatchOptions.FOLDER)) {
                throw new UsageProblem(file + ": the name '" + name + "' is taken: --mode batch has its folder there."
                        + " Rename the file");
            }
            Path other = files.put(name.toLowerCase(Locale.ROOT), file);
            if (other != null) {
                throw new UsageProblem(other + " and " + file.getFileName() + " make two configurations named '" + name
                        + "': rename one");
            }
            configurations.put(name, settings(ConfigurationFile.read(file), model));
        }
        if (configurations.isEmpty()) {
            throw new UsageProblem("--configs " + folder + " holds no .yaml, .yml or .json file");
        }
        return configurations;
    }

    private static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new UsageProblem(
                    "--configs " + folder + " is no folder: it holds a YAML or JSON file for each" + " configuration");
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> {
                        String name = file.getFileName().toString();
                        return !name.startsWith(".")
                                && name.toLowerCase(Locale.ROOT).matches(".*\\.(yaml|yml|json)");
                    })
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UsageProblem("--configs " + folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static AnalysisSettings settings(ConfigurationFile file, String model) {
        AnalysisSettings standard = AnalysisSettings.of(model);
        try {
            AnalysisSettings settings = new AnalysisSettings(
                    file.text("model").orElse(model),
                    file.texts("categories").orElse(standard.categories()),
                    prompts(file.object("prompts"), standard.prompts()),
                    tokens(file.object("maxOutputTokens"), standard.maxOutputTokens()),
                    file.whole("reasoningTokens", 0, MOST_TOKENS).orElse(0L).intValue(),
                    file.number("temperature", 0, HOTTEST).orElse(null),
                    file.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).orElse(null));
            file.refuseOthers();
            return settings;
        } catch (IllegalArgumentException e) {
            throw file.problem(String.valueOf(e.getMessage()));
        }
    }

    private static Prompts prompts(ConfigurationFile fields, Prompts standard) {
        Prompts prompts = new Prompts(
                fields.text("topics").orElse(standard.topics()),
                fields.text("classify").orElse(standard.classify()),
                fields.text("summary").orElse(standard.summary()));
        fields.refuseOthers();
        return prompts;
    }

    private static OutputTokens tokens(ConfigurationFile fields, OutputTokens standard) {
        OutputTokens tokens = new OutputTokens(
                tokens(fields, "topics", standard.topics()),
                tokens(fields, "classify", standard.classify()),
                tokens(fields, "summary", standard.summary()));
        fields.refuseOthers();
        return tokens;
    }

    private static int tokens(ConfigurationFile fields, String stage, int standard) {
        return fields.whole(stage, 1, MOST_TOKENS).orElse((long) standard).intValue();
    }
}
