/**
 * Typed calls of the server's API, signed by this device. Paths, parameters, bodies and answers are those of the
 * generated description; nothing here knows an endpoint by name.
 *
 * Every call rejects with a `DeviceProblem`, as those of the device do.
 */

import type { components, paths } from '../device/api';
import type { DeviceFile } from '../device/contract';
import { phone } from '../ui/phone.svelte';
import { search, type Query } from './address';

/** A shape of the description, by its name there. */
export type Shape<Name extends keyof components['schemas']> = components['schemas'][Name];

type Method = 'get' | 'post';
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;
type Params<O, Kind extends 'path' | 'query'> = O extends { parameters: { [K in Kind]?: infer Q } } ? Q : never;
type Body<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : never;
/** What an operation answers when it was done. */
export type Answer<P extends keyof paths, M extends Method = 'get'> =
  Operation<P, M> extends { responses: infer R }
    ? { [S in keyof R]: S extends 200 | 201 ? (R[S] extends { content: { 'application/json': infer A } } ? A : never) : never }[keyof R]
    : never;

export interface Given<O> {
  /** What stands in braces in the path. */
  path?: Params<O, 'path'>;
  query?: Params<O, 'query'>;
}

/** Asks for something. */
export function read<P extends PathOf<'get'>>(path: P, given: Given<Operation<P, 'get'>> = {}): Promise<Answer<P>> {
  return phone.device.request('GET', target(path, given));
}

/** Has something done. */
export function write<P extends PathOf<'post'>>(
  path: P,
  body: Body<Operation<P, 'post'>>,
  given: Given<Operation<P, 'post'>> = {},
): Promise<Answer<P, 'post'>> {
  return phone.device.request('POST', target(path, given), body);
}

/** A call the description does not hold yet; its shape is said by the caller. */
export function ask<T>(method: 'GET' | 'POST', path: string, query: Query = {}, body?: unknown): Promise<T> {
  return phone.device.request<T>(method, withQuery(path, query), body);
}

/** A file the server makes: a report, an export. */
export function file(method: 'GET' | 'POST', path: string, query: Query = {}, body?: unknown): Promise<DeviceFile> {
  return phone.device.download(method, withQuery(path, query), body);
}

/** Sends a file as the body of a request, for imports. */
export function upload<T>(path: string, query: Query, mediaType: string, bytes: Uint8Array): Promise<T> {
  return phone.device.upload<T>(withQuery(path, query), mediaType, bytes);
}

function target(path: string, given: { path?: unknown; query?: unknown }): string {
  const parts = (given.path ?? {}) as Record<string, string | number>;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parts[name] ?? '')));
  return withQuery(filled, (given.query ?? {}) as Query);
}

function withQuery(path: string, query: Query): string {
  const text = search(query);
  return text ? `${path}?${text}` : path;
}
