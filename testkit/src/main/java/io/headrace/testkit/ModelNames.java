package io.headrace.testkit;

import java.util.List;
import java.util.Map;

/** The dated snapshot that a provider names in its answer where an alias was asked; any other name stays as it is. */
final class ModelNames {

    private static final Map<String, String> DATES = Map.ofEntries(
            Map.entry("gpt-4o", "2024-08-06"),
            Map.entry("gpt-4o-mini", "2024-07-18"),
            Map.entry("gpt-4.1", "2025-04-14"),
            Map.entry("gpt-4.1-mini", "2025-04-14"),
            Map.entry("gpt-4.1-nano", "2025-04-14"),
            Map.entry("gpt-5", "2025-08-07"),
            Map.entry("gpt-5-mini", "2025-08-07"),
            Map.entry("gpt-5-nano", "2025-08-07"),
            Map.entry("claude-haiku-4-5", "20251001"),
            Map.entry("claude-sonnet-4-5", "20250929"),
            Map.entry("claude-opus-4-5", "20251101"));

    private ModelNames() {}

    /** The known snapshots of models whose name starts so, the newest first. */
    static List<String> snapshots(String start) {
        return DATES.entrySet().stream()
                .filter(model -> model.getKey().startsWith(start))
                .sorted(Map.Entry.<String, String>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()))
                .map(model -> dated(model.getKey()))
                .toList();
    }

    static String dated(String model) {
        String date = DATES.get(model);
        return date == null ? model : model + "-" + date;
    }
}
