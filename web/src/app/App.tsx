import { queries } from "@api/queries";
import { useLanguage } from "@i18n";
import { QueryClientProvider } from "@tanstack/react-query";
import { App as Antd, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useMemo } from "react";
import { createBrowserRouter, type RouteObject, RouterProvider } from "react-router";
import { Broken } from "./Broken";
import { features } from "./feature";
import { NotFound } from "./NotFound";
import { patiently } from "./patiently";
import { Shell } from "./Shell";
import { themeOf, useScheme } from "./theme";

export function App() {
  const scheme = useScheme();
  const spoken = useLanguage();
  const theme = useMemo(() => themeOf(scheme), [scheme]);
  const router = useMemo(() => createBrowserRouter(routes()), []);
  return (
    <ConfigProvider theme={theme} locale={spoken === "zh" ? zhCN : enUS} button={{ autoInsertSpace: false }}>
      <Antd component={false} message={{ maxCount: 3 }}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </Antd>
    </ConfigProvider>
  );
}

function routes(): RouteObject[] {
  const pages = features.flatMap(({ section, pages }) =>
    pages.map(({ path, load }) => ({
      path: section === HOME ? path : path ? `${section}/${path}` : section,
      lazy: async () => ({ Component: (await patiently(load)).default }),
      errorElement: <Broken />,
    })),
  );
  return [
    {
      element: <Shell />,
      errorElement: <Broken />,
      hydrateFallbackElement: <span />,
      children: [...pages, { path: "*", element: <NotFound /> }],
    },
  ];
}

/** The feature whose first page is at `/`. */
const HOME = "overview";
