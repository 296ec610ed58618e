// Starts GraphiQL against /graphql. A link may bring an operation, to be read before it is run: /graphql?query=…
const FIRST_QUERY = `# 全市通办：在本市任何一个社区事务受理服务中心都能申请。按 Ctrl-Enter 运行。
# Apply for any service item at any center of the city. Press Ctrl-Enter to run.

{ catalog { totalCount tongbanCount } }
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultQuery: FIRST_QUERY,
    query: new URLSearchParams(location.search).get("query") ?? undefined,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    inputValueDeprecation: true,
  }),
);
