// The widget gets a style sheet as text, for its shadow root; the console and the demo import
// theirs for the side effect of having it bundled.
declare module "*.css" {
  const text: string;
  export default text;
}
