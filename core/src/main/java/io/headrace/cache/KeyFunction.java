package io.headrace.cache;

/**
 * Says under which key a request's answers are filed. Pure and thread-safe: requests of equal meaning get equal keys, in
 * every process and on every machine, and any difference that can shape the answer gives another key.
 *
 * @param <Q> the request
 */
@FunctionalInterface
public interface KeyFunction<Q> {

    CallKey key(Q request);
}
