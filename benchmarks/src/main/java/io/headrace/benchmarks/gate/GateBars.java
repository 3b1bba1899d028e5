package io.headrace.benchmarks.gate;

import java.util.List;

/** Runs a row of what was promised of the gate, prints each figure beside its bar, and exits with 1 where one is missed. */
public final class GateBars {

    private GateBars() {}

    public static void main(String[] args) {
        List<Figure> figures = run(args.length == 1 ? args[0] : "");
        figures.forEach(System.out::println);
        System.exit(figures.stream().allMatch(Figure::met) ? 0 : 1);
    }

    private static List<Figure> run(String row) {
        return switch (row) {
            case "limits" -> ConfiguredLimits.run();
            case "hidden" -> HiddenLimit.run();
            case "tenants" -> TenantShares.run();
            case "interactive" -> InteractiveCalls.run();
            case "storm" -> RefusalStorm.run();
            case "stalls" -> StalledCalls.run();
            case "overhead" -> GateOverhead.run();
            default ->
                throw new IllegalArgumentException("no such row: '" + row
                        + "'; there are limits, hidden, tenants, interactive, storm, stalls, overhead");
        };
    }
}
