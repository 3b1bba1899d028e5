package io.headrace.cli;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code headrace help}: the help of a command, also of one below another, such as {@code help cache export}. */
@Command(name = "help", helpCommand = true, description = "Shows the help of a command, such as 'help cache export'.")
final class HelpCommand implements Runnable {

    @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "The command. Default: shows which there are.")
    private List<String> names = List.of();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        CommandLine own = Objects.requireNonNull(spec).commandLine();
        CommandLine found = own.getParent();
        for (String name : names) {
            CommandLine below = found.getSubcommands().get(name);
            if (below == null) {
                throw new ParameterException(found, "there is no command '" + name + "' here");
            }
            found = below;
        }
        found.usage(found.getOut());
    }
}
