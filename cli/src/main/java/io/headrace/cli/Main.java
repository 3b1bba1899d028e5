package io.headrace.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code headrace} command. Exit codes are those of {@link ExitCode}. */
@Command(
        name = "headrace",
        description = "Pushes datasets through LLM APIs: at full speed, never paying twice, every item accounted for.",
        versionProvider = Main.Version.class,
        scope = ScopeType.INHERIT,
        usageHelpWidth = 100,
        sortOptions = false,
        exitCodeOnInvalidInput = ExitCode.USAGE,
        exitCodeOnExecutionException = ExitCode.USAGE)
public final class Main {

    /** Before those of each command, which have an order from -1 on. */
    private static final int FIRST = -2;

    @Option(
            names = {"-h", "--help"},
            order = FIRST,
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // what it does is done where options are read
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            order = FIRST,
            versionHelp = true,
            scope = ScopeType.INHERIT,
            description = "Shows the version.")
    @SuppressWarnings("UnusedVariable") // as above
    private boolean version;

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        Surroundings surroundings = Surroundings.ofProcess();
        int exitCode = commandLine(surroundings).execute(args);
        System.exit(surroundings.out().checkError() ? unwritten(surroundings.err(), exitCode) : exitCode);
    }

    /** What was printed is lost: that is no success, whatever else was. */
    private static int unwritten(PrintWriter err, int exitCode) {
        err.println(
                "headrace: standard output cannot be written (a full disk, or its reader is gone): what was printed is lost");
        return exitCode == ExitCode.OK ? ExitCode.USAGE : exitCode;
    }

    static CommandLine commandLine(Surroundings surroundings) {
        return new CommandLine(new Main())
                .addSubcommand(new Analyze(surroundings))
                .addSubcommand(new SweepCommand(surroundings))
                .addSubcommand(new Simulate(surroundings))
                .addSubcommand(new CacheCommand(surroundings))
                .addSubcommand(
                        new CommandLine(new BatchCommand(surroundings)).addSubcommand(new BatchCancel(surroundings)))
                .addSubcommand(new HelpCommand())
                .setOut(surroundings.out())
                .setErr(surroundings.err())
                .registerConverter(Duration.class, new Durations())
                .registerConverter(String.class, Main::notBlank)
                .registerConverter(BigDecimal.class, BudgetOptions::dollars)
                .registerConverter(Path.class, text -> Path.of(notBlank(text)))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((problem, args) -> refuse(problem))
                .setExecutionExceptionHandler((problem, command, result) -> {
                    if (problem instanceof UsageProblem) {
                        command.getErr().println("headrace: " + problem.getMessage());
                    } else {
                        problem.printStackTrace(command.getErr());
                    }
                    return ExitCode.USAGE;
                });
    }

    /** A value that is there: an unset variable of a shell gives an empty one, which would mean the current folder. */
    private static String notBlank(String text) {
        if (text.isBlank()) {
            throw new TypeConversionException("it is empty");
        }
        return text;
    }

    private static int refuse(ParameterException problem) {
        PrintWriter err = problem.getCommandLine().getErr();
        err.println("headrace: " + problem.getMessage());
        UnmatchedArgumentException.printSuggestions(problem, err);
        err.println("Try '" + problem.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE;
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {

        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"headrace " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
