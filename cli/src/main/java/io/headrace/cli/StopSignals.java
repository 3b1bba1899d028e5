package io.headrace.cli;

import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * SIGINT (Ctrl-C), SIGTERM and SIGHUP, which a terminal sends when it goes away: the first asks for an orderly stop, the
 * second ends the process at once, unless it is SIGHUP, which often comes twice.
 *
 * <p>A shutdown hook cannot do this. The JVM runs its hooks after the first signal and swallows all later ones until they
 * are through, so a second Ctrl-C would do nothing; and from then on the exit code is out of our hands. So this replaces the
 * JVM's own handler by way of {@code sun.misc.Signal} in the supported module {@code jdk.unsupported}. It is looked up by
 * name because javac warns of every mention of it, and warnings are errors here; the handler is made as a lambda expression
 * would be, since a {@code Proxy} costs 20 ms of each start. A signal that was ignored when the JVM started, as under
 * {@code nohup}, stays ignored.
 */
final class StopSignals {

    private static final int SIGHUP = 129;
    private static final int SIGINT = 130;
    private static final int SIGTERM = 143;

    private final AtomicInteger firstCode = new AtomicInteger();
    private final Sinks.One<Integer> stop = Sinks.one();

    /** Hears nothing. */
    static StopSignals none() {
        return new StopSignals();
    }

    /** Takes over the signals for the rest of the process's life. */
    static StopSignals install() {
        StopSignals signals = new StopSignals();
        try {
            signals.handle("HUP", SIGHUP);
            signals.handle("INT", SIGINT);
            signals.handle("TERM", SIGTERM);
        } catch (Throwable e) {
            throw new IllegalStateException(
                    "this JVM lets nobody handle signals: is the module jdk.unsupported missing?", e);
        }
        return signals;
    }

    /** The exit code for the first signal, 128 and its number, when it comes; on a thread of the JVM's. */
    Mono<Integer> first() {
        return stop.asMono();
    }

    /** The exit code for the first signal, 0 if none came. */
    int exitCode() {
        return firstCode.get();
    }

    /** Halts on the second signal: what is durable was handed to the operating system before, so it needs no farewell. */
    @SuppressWarnings({"unused", "UnusedMethod", "UnusedVariable"}) // called by name, see handle
    private void received(int exitCode, Object signal) {
        if (firstCode.compareAndSet(0, exitCode)) {
            stop.tryEmitValue(exitCode);
        } else if (exitCode != SIGHUP) {
            Runtime.getRuntime().halt(exitCode);
        }
    }

    /** {@code Signal.handle(new Signal(name), signal -> received(exitCode, signal))}. */
    private void handle(String name, int exitCode) throws Throwable {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        MethodType taking = MethodType.methodType(void.class, signal);
        Object received = LambdaMetafactory.metafactory(
                        lookup,
                        "handle",
                        MethodType.methodType(handler, StopSignals.class, int.class),
                        taking,
                        lookup.findVirtual(
                                StopSignals.class,
                                "received",
                                MethodType.methodType(void.class, int.class, Object.class)),
                        taking)
                .getTarget()
                .invoke(this, exitCode);
        signal.getMethod("handle", signal, handler)
                .invoke(null, signal.getConstructor(String.class).newInstance(name), received);
    }
}
