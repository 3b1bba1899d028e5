package io.headrace.cli;

import io.headrace.Fingerprint;
import io.headrace.StorageException;
import io.headrace.cache.AnswerTotal;
import io.headrace.cache.CacheCheck;
import io.headrace.cache.CacheFilter;
import io.headrace.cache.CacheImport;
import io.headrace.cache.CacheTools;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.StoredEntry.Answer;
import io.headrace.cache.WhyMiss;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code headrace cache}: looks into the answers that were paid for, moves them, clears them up and checks them. */
@Command(
        name = "cache",
        description = {
            "Looks into the answers that were paid for, moves them elsewhere, clears them up and checks them. stats, show,"
                    + " why-miss, export, verify and every --dry-run only read, also while a run uses the cache, and see what"
                    + " was there when they began.",
            ""
        },
        footer = {
            "",
            "Exit codes: 0 done, 1 bad usage, nothing found, or the cache cannot be used, 2 done, but some records are damaged."
        })
final class CacheCommand {

    private static final int MAX_SHOWN = 20;

    private final Surroundings surroundings;
    private final Clock clock;

    CacheCommand(Surroundings surroundings) {
        this(surroundings, Clock.systemUTC());
    }

    CacheCommand(Surroundings surroundings, Clock clock) {
        this.surroundings = surroundings;
        this.clock = clock;
    }

    @Command(name = "stats", description = "Answers, bytes, hits, what was saved, by model and by namespace.")
    int stats(@Mixin CacheOptions options, @Mixin Printing printing) {
        return reading(options, tools -> {
            printing.printer(surroundings).summary(options.folder(surroundings), result(tools.summary()));
            return ExitCode.OK;
        });
    }

    @Command(name = "show", description = "One entry: what is known of an answer, and the answer itself if asked for.")
    int show(
            @Mixin CacheOptions options,
            @Mixin Printing printing,
            @Parameters(
                            paramLabel = "FINGERPRINT",
                            description = "The fingerprint, or as many of its first digits as name only one.")
                    String fingerprint,
            @Option(names = "--sample", paramLabel = "N", description = "Which answer to it, from 0. Default: all.")
                    @Nullable
                    Integer sample,
            @Option(names = "--answer", description = "Prints the answers too. They may be private.") boolean answer) {
        return reading(options, tools -> {
            List<Answer> found = result(find(tools, fingerprint)
                    .filter(each -> sample == null || each.sample() == sample)
                    .sort((a, b) -> Integer.compare(a.sample(), b.sample()))
                    .collectList());
            if (found.isEmpty()) {
                throw new UsageProblem("fingerprint " + fingerprint + " has no answer " + sample
                        + ": leave --sample out to see those it has");
            }
            printing.printer(surroundings).answers(found, answer);
            return ExitCode.OK;
        });
    }

    @Command(
            name = "why-miss",
            description =
                    "Why the call that bought an answer found none: the fields of its request that differ from the request"
                            + " most like it among those stored before.")
    int whyMiss(
            @Mixin CacheOptions options,
            @Mixin Printing printing,
            @Parameters(
                            paramLabel = "FINGERPRINT",
                            description = "The fingerprint, or as many of its first digits as name only one.")
                    String fingerprint) {
        return reading(options, tools -> {
            Answer one = result(find(tools, fingerprint).next());
            WhyMiss why = result(tools.whyMiss(one.fingerprint()));
            printing.printer(surroundings).whyMiss(one, why);
            return ExitCode.OK;
        });
    }

    @Command(
            name = "export",
            description = "Writes all answers as JSON Lines, to be read by import. Nothing is lost but hits.")
    int export(
            @Mixin CacheOptions options,
            @Parameters(
                            paramLabel = "FILE",
                            arity = "0..1",
                            description = "A file that does not exist yet. Default, and -: standard output.")
                    @Nullable
                    Path file) {
        Path target = file == null || LineFiles.isStandard(file) ? null : file;
        return reading(options, tools -> {
            AtomicLong damaged = new AtomicLong();
            long lines =
                    LineFiles.write(tools.exportLines(record -> damaged.incrementAndGet()), target, surroundings.out());
            if (target == null && surroundings.out().checkError()) {
                return ExitCode.USAGE; // what was lost is said at the end of the process
            }
            long answers = lines - 1; // the last one counts them
            surroundings.err().println("headrace: " + ProgressText.count(answers, "answer") + " exported");
            if (damaged.get() > 0) {
                surroundings
                        .err()
                        .println("headrace: " + ProgressText.count(damaged.get(), "damaged record")
                                + " left out; 'headrace cache verify' names them");
                return ExitCode.INCOMPLETE;
            }
            return ExitCode.OK;
        });
    }

    @Command(
            name = "import",
            description =
                    "Stores what export wrote; answers that are there already stay. Stops at the first line that was changed.")
    int importLines(
            @Mixin CacheOptions options,
            @Mixin Printing printing,
            @Mixin Waiting waiting,
            @Parameters(paramLabel = "FILE", description = "A file that export wrote, or - for standard input.")
                    Path file) {
        LineFiles.require(file);
        return changing(options.make(surroundings, waiting.upTo), tools -> {
            CacheImport done = result(tools.importLines(LineFiles.read(file))
                    .onErrorMap(
                            IllegalArgumentException.class,
                            e -> new UsageProblem(
                                    file + ": " + e.getMessage() + "; what stands before that is stored", e)));
            printing.printer(surroundings).imported(done);
            if (!done.counted()) {
                surroundings
                        .err()
                        .println("headrace: the last line, which counts the answers, is missing: " + file
                                + " was cut, or written by an older version");
            }
            return ExitCode.OK;
        });
    }

    @Command(name = "prune", description = "Removes old answers: by age, by size, or both.")
    int prune(
            @Mixin CacheOptions options,
            @Mixin Printing printing,
            @Mixin Waiting waiting,
            @Mixin DryRun dryRun,
            @Option(
                            names = "--older-than",
                            paramLabel = "TIME",
                            converter = Ages.class,
                            description = "Those stored longer ago, such as 12h or 30d.")
                    @Nullable
                    Duration age,
            @Option(
                            names = "--max-size",
                            paramLabel = "SIZE",
                            converter = Sizes.class,
                            description = "The oldest, until the rest takes so much, such as 500MB or 2GB. Counted"
                                    + " uncompressed; the disk holds about half.")
                    @Nullable
                    Long maxBytes) {
        if (age == null && maxBytes == null) {
            throw new UsageProblem("prune needs --older-than, --max-size or both");
        }
        return removing(options, printing, waiting, dryRun, tools -> {
            Mono<AnswerTotal> old = Mono.just(AnswerTotal.NONE);
            if (age != null) {
                CacheFilter filter =
                        CacheFilter.all().storedBefore(clock.instant().minus(age));
                old = dryRun.on ? tools.count(filter) : tools.remove(filter);
            }
            AnswerTotal byAge = result(old);
            AnswerTotal bySize = AnswerTotal.NONE;
            if (maxBytes != null) {
                bySize = result(dryRun.on ? tools.countBeyond(maxBytes) : tools.pruneTo(maxBytes));
            }
            // the oldest go by either rule: on a dry run the greater one holds all of the lesser
            if (!dryRun.on) {
                return byAge.plus(bySize);
            }
            return byAge.count() > bySize.count() ? byAge : bySize;
        });
    }

    @Command(name = "clear", description = "Removes answers by namespace, by model, or all of them.")
    int clear(
            @Mixin CacheOptions options,
            @Mixin Printing printing,
            @Mixin Waiting waiting,
            @Mixin DryRun dryRun,
            @Option(
                            names = "--namespace",
                            paramLabel = "NAME",
                            description = "Those bought in that namespace or below it: run means run and run/7.")
                    @Nullable
                    String namespace,
            @Option(
                            names = "--model",
                            paramLabel = "NAME",
                            description = "Those of that model, by the name asked for or the one that answered.")
                    @Nullable
                    String model,
            @Option(names = "--all", description = "All answers.") boolean all) {
        if (all == (namespace != null || model != null)) {
            throw new UsageProblem("clear needs either --all, or --namespace, --model or both");
        }
        CacheFilter filter = filter(namespace, model);
        return removing(
                options,
                printing,
                waiting,
                dryRun,
                tools -> result(dryRun.on ? tools.count(filter) : tools.remove(filter)));
    }

    private static CacheFilter filter(@Nullable String namespace, @Nullable String model) {
        try {
            CacheFilter named =
                    namespace == null ? CacheFilter.all() : CacheFilter.all().namespace(namespace);
            return model == null ? named : named.model(model);
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
    }

    @Command(
            name = "verify",
            description =
                    "Reads everything: checksums, whether answers can be decoded, and whether this program makes the right keys.")
    int verify(@Mixin CacheOptions options, @Mixin Printing printing) {
        return reading(options, tools -> {
            CacheCheck check = result(tools.verify());
            printing.printer(surroundings).check(check);
            return check.isSound() ? ExitCode.OK : ExitCode.INCOMPLETE;
        });
    }

    /** Answers of one fingerprint only. */
    private Flux<Answer> find(CacheTools tools, String prefix) {
        List<Fingerprint> fingerprints = result(tools.find(prefix)
                .map(Answer::fingerprint)
                .distinct()
                .take(MAX_SHOWN)
                .collectList());
        if (fingerprints.isEmpty()) {
            throw new UsageProblem("no fingerprint begins with " + prefix + " in this cache");
        }
        if (fingerprints.size() > 1) {
            throw new UsageProblem("several fingerprints begin with " + prefix + ", give more digits of one of them:"
                    + System.lineSeparator()
                    + String.join(
                            System.lineSeparator(),
                            fingerprints.stream().map(Fingerprint::toString).toList()));
        }
        return tools.find(fingerprints.get(0).toString());
    }

    private int removing(
            CacheOptions options,
            Printing printing,
            Waiting waiting,
            DryRun dryRun,
            Function<CacheTools, AnswerTotal> removal) {
        ToIntFunction<CacheTools> work = tools -> {
            printing.printer(surroundings).removed(removal.apply(tools), dryRun.on);
            return ExitCode.OK;
        };
        return dryRun.on ? reading(options, work) : changing(options.change(surroundings, waiting.upTo), work);
    }

    private int reading(CacheOptions options, ToIntFunction<CacheTools> work) {
        return changing(options.read(surroundings), work);
    }

    private int changing(ResponseCache opened, ToIntFunction<CacheTools> work) {
        try (ResponseCache cache = opened) {
            int code = work.applyAsInt(CacheTools.of(cache));
            surroundings.out().flush();
            return code;
        } catch (StorageException e) {
            throw CacheOptions.problem(e);
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
    }

    private static <T> T result(Mono<T> action) {
        return Objects.requireNonNull(action.block());
    }

    /** For commands that print what they found or did. */
    static final class Printing {

        @Option(names = "--json", order = 2, description = "Prints one JSON object in place of text.")
        private boolean json;

        CachePrinter printer(Surroundings surroundings) {
            return CachePrinter.of(json, surroundings.out());
        }
    }

    /** For commands that change a cache. */
    static final class Waiting {

        @Option(
                names = "--wait",
                paramLabel = "TIME",
                description = "How long to wait for a cache that is in use, such as 30s. Default: not at all.")
        private Duration upTo = Duration.ZERO;
    }

    /** For commands that remove something. */
    static final class DryRun {

        @Option(names = "--dry-run", description = "Removes nothing and says what would be removed.")
        private boolean on;
    }
}
