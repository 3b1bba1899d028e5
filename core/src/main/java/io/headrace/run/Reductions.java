package io.headrace.run;

import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.ErrorText;
import io.headrace.Namespace;
import io.headrace.flow.Reduction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** The folds of a run and their files. A file is there only if the run that ended last made it. */
final class Reductions<O> {

    private final Path directory;
    private final Codec<O> codec;
    private final List<Reduction<O, ?, ?>> reductions;
    private final Map<String, Object> results = new LinkedHashMap<>();
    private final Map<String, String> failures = new LinkedHashMap<>();

    Reductions(Path directory, Codec<O> codec, List<Reduction<O, ?, ?>> reductions) {
        this.directory = directory;
        this.codec = codec;
        this.reductions = reductions;
    }

    /**
     * Makes and writes them one after another; one that fails is noted and takes its old file with it.
     *
     * @param cutOff ends the work at once
     * @param files where files are written
     */
    Mono<Void> make(Publisher<?> cutOff, Scheduler files) {
        return Flux.fromIterable(reductions)
                .concatMap(reduction -> make(reduction, cutOff, files))
                .then();
    }

    /** Removes the files of an earlier run, which say nothing of what is there now; gives their names. */
    List<String> discard() throws IOException {
        List<String> removed = new ArrayList<>();
        for (Reduction<O, ?, ?> reduction : reductions) {
            if (Files.deleteIfExists(file(reduction.name()))) {
                removed.add(file(reduction.name()).getFileName().toString());
            }
        }
        return removed;
    }

    Map<String, Object> results() {
        return results;
    }

    /** Why those failed that did. */
    Map<String, String> failures() {
        return failures;
    }

    private <A, S> Mono<Void> make(Reduction<O, A, S> reduction, Publisher<?> cutOff, Scheduler files) {
        return Mono.fromCallable(() -> fold(reduction))
                .flatMap(reduction.finish())
                .switchIfEmpty(Mono.error(() -> new IllegalStateException("it gave no result")))
                .takeUntilOther(cutOff)
                .switchIfEmpty(Mono.error(() -> new CancellationException("it was cut off")))
                .publishOn(files) // behind the cut-off, which would interrupt the thread that writes
                .<S>handle((result, sink) -> {
                    try {
                        write(reduction.name(), result);
                    } catch (IOException e) {
                        sink.error(e);
                    }
                })
                .contextWrite(context -> CallOptions.from(context)
                        .inStep(reduction.name(), "", Namespace.NONE)
                        .into(context))
                .then()
                .onErrorResume(e -> Mono.<Void>fromCallable(() -> {
                            failures.put(reduction.name(), ErrorText.message(e));
                            Files.deleteIfExists(file(reduction.name()));
                            return null;
                        })
                        .subscribeOn(files));
    }

    /** Reactor would rethrow such an error on this thread, and the run would never end. */
    private <A> A fold(Reduction<O, A, ?> reduction) throws IOException {
        try {
            return Results.fold(directory.resolve("results.jsonl"), codec, reduction);
        } catch (StackOverflowError | LinkageError e) {
            throw new IllegalStateException(e.toString(), e);
        }
    }

    private void write(String name, Object result) throws IOException {
        RunFiles.replace(file(name), json(result));
        results.put(name, result);
    }

    /** A result as its file has it: written as what it is. */
    @SuppressWarnings("unchecked") // the class of an object is one of its own type
    static byte[] json(Object result) {
        return Codec.json((Class<Object>) result.getClass()).encode(result);
    }

    private Path file(String name) {
        return directory.resolve(name + ".json");
    }
}
